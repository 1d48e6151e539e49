package import KeystoneKit
package import KeystoneTestKit

/// What was found about a plugin's file, part by part.
package struct ValidationReport: Sendable {
  /// The file.
  package var file: String
  /// What the plugin says of itself, once it could be asked.
  package var descriptor: PluginDescriptor?
  /// The parts, in the order they ran, each with its cases.
  package var parts: [ConformanceReport] = []

  /// Whether every sentence holds.
  package var isPassed: Bool { !parts.isEmpty && parts.allSatisfy(\.failures.isEmpty) }

  /// A table for people: one line per part, and one per sentence that does not hold.
  package var text: String {
    var lines = [descriptor.map { "\($0.name) \($0.version) (\(file))" } ?? file]
    for part in parts {
      let failed = part.failures.count
      let skipped = part.cases.count { if case .skipped = $0.outcome { true } else { false } }
      let notes = skipped == 0 ? "" : ", \(skipped) do not apply"
      let count = part.cases.count - failed - skipped
      lines.append(
        "\(failed == 0 ? "ok  " : "FAIL")  \(part.subject): \(count) hold\(notes)\(failed == 0 ? "" : ", \(failed) do not")"
      )
      lines += part.failures.map { "        \($0)" }
    }
    lines.append(isPassed ? "passed" : "failed: mend what is listed and run this again")
    return lines.joined(separator: "\n") + "\n"
  }

  /// The same for programs.
  package var json: JSONValue {
    [
      "file": .string(file), "plugin": .string(descriptor?.name ?? ""), "version": .string(descriptor?.version ?? ""),
      "passed": .bool(isPassed),
      "parts": .array(
        parts.map { part in
          [
            "name": .string(part.subject), "passed": .bool(part.failures.isEmpty),
            "cases": .array(part.cases.map(Self.json)),
          ]
        }),
    ]
  }

  private static func json(_ test: ConformanceReport.Case) -> JSONValue {
    let milliseconds = JSONValue.integer(test.duration.wholeMilliseconds)
    let name = JSONValue.string(test.name)
    return switch test.outcome {
    case .passed: ["name": name, "outcome": "passed", "duration_ms": milliseconds]
    case .failed(let reason):
      ["name": name, "outcome": "failed", "reason": .string(reason), "duration_ms": milliseconds]
    case .skipped(let reason):
      ["name": name, "outcome": "skipped", "reason": .string(reason), "duration_ms": milliseconds]
    }
  }
}
