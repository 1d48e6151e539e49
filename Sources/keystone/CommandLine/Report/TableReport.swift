import KeystoneExperiment
import KeystoneKit
import KeystoneSpec

/// The verdicts as a table for people.
enum TableReport {
  static func text(_ reports: [SpecReport]) -> String {
    reports.map(text).joined(separator: "\n")
  }

  private static func text(_ report: SpecReport) -> String {
    var lines = ["\(report.spec.id)  (\(report.record.id), seed \(report.record.seed), runtime \(report.runtime))"]
    lines.append("  \(report.runtimeReason)")
    for warning in warnings(report) { lines.append("  warning: \(warning)") }
    for group in report.results.groups {
      lines.append("")
      lines.append(heading(group))
      for id in group.scenarios {
        guard let scenario = report.results.scenarios.first(where: { $0["scenario_id"]?.string == id }) else {
          continue
        }
        lines += scenarioLines(scenario)
      }
    }
    lines += ["", summary(report.results.json)]
    for alert in report.alerts {
      let told = alert["error"]?.string.map { "nobody was told: \($0)" } ?? "told by \(alert["notify"]?.string ?? "")"
      lines.append("alert \(alert["reason"]?.string ?? "") (\(told))")
    }
    lines.append("")
    return lines.joined(separator: "\n")
  }

  private static func warnings(_ report: SpecReport) -> [String] {
    let all = report.results.scenarios.flatMap { $0["environment"]?["warnings"]?.array ?? [] }.compactMap(\.string)
    return Array(Set(all)).sorted()
  }

  private static func heading(_ group: RunResults.Group) -> String {
    let values = group.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.string ?? $0.value.text)" }
    let name = values.isEmpty ? "" : "  \(values.joined(separator: " "))"
    let flaky = group.verdict.isFlaky ? ", flaky" : ""
    return "\(badge(group.verdict.verdict))\(name)  \(group.verdict.passed) of \(group.verdict.replicas) passed\(flaky)"
  }

  private static func scenarioLines(_ scenario: JSONValue) -> [String] {
    let status = scenario["status"]?.string.flatMap(ScenarioStatus.init) ?? .error
    let id = scenario["scenario_id"]?.string ?? ""
    let score = rounded(scenario["composite_score"]?.double ?? 0)
    let time = seconds(Int(scenario["wall_ms"]?.int ?? 0))
    var lines = ["  \(padded(id, 8)) \(badge(status))  score \(score)  \(time)"]
    if let error = scenario["error"]?.string { lines.append("    error: \(indented(error))") }
    if status == .error, let detail = scenario["error_detail"]?.string, !detail.isEmpty {
      lines.append("      \(indented(detail))")
    }
    for check in scenario["invariants"]?.array ?? [] where check["passed"]?.bool != true {
      let gate = check["gate"]?.bool == true ? " (gate)" : ""
      lines.append("    ✗ \(check["name"]?.string ?? "")\(gate): \(indented(check["reason"]?.string ?? ""))")
    }
    for rule in scenario["forbidden_checks"]?.array ?? [] where rule["violated"]?.bool == true {
      lines.append("    ✗ forbidden \(rule["rule"]?.string ?? ""): \(indented(rule["details"]?.string ?? ""))")
    }
    if let command = scenario["reproducer"]?["command"]?.string { lines.append("    again: \(command)") }
    return lines
  }

  private static func summary(_ results: JSONValue) -> String {
    func count(_ key: String) -> Int64 { results[key]?.int ?? 0 }
    let metrics = results["metrics"]
    let rate = Int(((metrics?["pass_rate"]?.double ?? 0) * 100).rounded())
    return
      "\(count("passed")) passed, \(count("failed")) failed, \(count("flaky")) flaky, \(count("errors")) errors; \(rate) % of \(count("total_scenarios")) runs, mean \(seconds(Int(metrics?["mean_wall_ms"]?.int ?? 0)))"
  }

  private static func badge(_ status: ScenarioStatus) -> String {
    switch status {
    case .pass: Terminal.coloured("pass ", 32)
    case .fail: Terminal.coloured("fail ", 31)
    case .flaky: Terminal.coloured("flaky", 33)
    case .error: Terminal.coloured("error", 35)
    }
  }

  /// `812` as `0.81 s`.
  static func seconds(_ milliseconds: Int) -> String {
    let hundredths = (milliseconds + 5) / 10
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
  }

  private static func rounded(_ score: Double) -> String {
    let hundredths = Int((score * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// Further lines of a message, set in; nothing of an agent reaches the terminal as a control character.
  private static func indented(_ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline).prefix(12).map { line in
      String(
        String.UnicodeScalarView(
          line.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
    return lines.joined(separator: "\n      ")
  }
}
