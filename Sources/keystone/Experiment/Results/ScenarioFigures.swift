package import KeystoneKit

/// What results are computed from: a scenario's result without its texts, so that those of ten thousand fit anywhere.
package enum ScenarioFigures {
  private static let members = [
    "scenario_id", "status", "wall_ms", "exit_code", "tool_calls", "tool_failures", "composite_score", "cost",
  ]

  /// The figures of a result.
  package static func of(_ result: JSONValue) -> JSONValue {
    var figures: [String: JSONValue] = [:]
    for member in members { figures[member] = result[member] }
    figures["forbidden_checks"] = .array(
      (result["forbidden_checks"]?.array ?? []).map { ["violated": $0["violated"] ?? false] })
    return .object(figures)
  }
}
