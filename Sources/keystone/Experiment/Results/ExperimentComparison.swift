package import KeystoneKit

/// Two experiments side by side (http-api 6.6).
///
/// A metric is `better` or `worse` when it moved by more than the tolerance: 1 % of the baseline, and at least 0.01 for
/// rates, 1 ms for times, 0.01 for means of calls and violations, 1 token and 0.000001 USD. Each metric also carries
/// `p_value`, how probable a difference as large is by chance alone: Fisher's exact test for `pass_rate`, Mann-Whitney
/// on the single runs for the others; `significant` is whether it is below 0.05, which few replicas never reach.
package enum ExperimentComparison {
  private struct Metric {
    var name: String
    var isBetterHigh = false
    var smallest: Double
    /// The value of one run; `nil` for rates.
    var value: (@Sendable (JSONValue) -> Double?)?
  }

  private static let metrics: [Metric] = [
    Metric(name: "pass_rate", isBetterHigh: true, smallest: 0.01),
    Metric(name: "mean_wall_ms", smallest: 1) { $0["wall_ms"]?.double },
    Metric(name: "p95_wall_ms", smallest: 1) { $0["wall_ms"]?.double },
    Metric(name: "mean_tool_calls", smallest: 0.01) { $0["tool_calls"]?.double },
    Metric(name: "mean_tokens", smallest: 1) { tokens($0) },
    Metric(name: "total_cost_usd", smallest: 1e-6) { $0["cost"]?["estimated_usd"]?.double ?? 0 },
    Metric(name: "mean_cost_per_run_usd", smallest: 1e-6) { $0["cost"]?["estimated_usd"]?.double ?? 0 },
    Metric(name: "tool_success_rate", isBetterHigh: true, smallest: 0.01),
    Metric(name: "side_effect_violations", smallest: 0.01) { run in
      Double((run["forbidden_checks"]?.array ?? []).count { $0["violated"]?.bool == true })
    },
  ]

  private static func tokens(_ run: JSONValue) -> Double {
    (run["cost"]?["input_tokens"]?.double ?? 0) + (run["cost"]?["output_tokens"]?.double ?? 0)
  }

  /// One side of a comparison.
  package struct Side: Sendable {
    /// The experiment's id.
    package var id: String
    /// Its metrics.
    package var metrics: JSONValue
    /// The figures of its runs.
    package var figures: [JSONValue]

    /// A side.
    package init(id: String, metrics: JSONValue, figures: [JSONValue]) {
      self.id = id
      self.metrics = metrics
      self.figures = figures
    }
  }

  /// Compares a candidate with a baseline.
  package static func json(baseline: Side, candidate: Side) -> JSONValue {
    var rows: [JSONValue] = []
    var regressions: [String] = []
    for metric in metrics {
      let before = baseline.metrics[metric.name]?.double ?? 0
      let after = candidate.metrics[metric.name]?.double ?? 0
      let direction = direction(metric, before, after)
      let chance = chance(metric, baseline.figures, candidate.figures)
      if direction == "worse" { regressions.append(metric.name) }
      rows.append([
        "name": .string(metric.name), "baseline": .number(before), "candidate": .number(after),
        "delta": .number(after - before), "direction": .string(direction), "p_value": .number(chance),
        "significant": .bool(chance < 0.05),
      ])
    }
    let summary =
      regressions.isEmpty
      ? "No metric of \(candidate.id) is worse than in \(baseline.id)."
      : "\(candidate.id) is worse than \(baseline.id) in \(regressions.joined(separator: ", "))."
    return [
      "baseline_id": .string(baseline.id), "candidate_id": .string(candidate.id), "metrics": .array(rows),
      "regressed": .bool(!regressions.isEmpty), "regressions": .array(regressions.map { .string($0) }),
      "summary": .string(summary),
    ]
  }

  private static func direction(_ metric: Metric, _ before: Double, _ after: Double) -> String {
    let tolerance = max(metric.smallest, abs(before) * 0.01)
    // What lies on the border is the same, however the subtraction rounds.
    guard abs(after - before) > tolerance + 1e-12 else { return "same" }
    return (after > before) == metric.isBetterHigh ? "better" : "worse"
  }

  private static func chance(_ metric: Metric, _ before: [JSONValue], _ after: [JSONValue]) -> Double {
    guard let value = metric.value else {
      guard metric.name == "pass_rate" else { return 1 }
      func passed(_ runs: [JSONValue]) -> Int { runs.count { $0["status"]?.string == "pass" } }
      return SignificanceTest.fisher(
        passed: passed(before), of: before.count, passed: passed(after), of: after.count)
    }
    return SignificanceTest.mannWhitney(before.compactMap(value), after.compactMap(value))
  }
}
