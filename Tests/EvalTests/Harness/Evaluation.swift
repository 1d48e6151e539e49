import KeystoneKit
import Testing

/// What one `keystone eval run --format json` answered.
struct Evaluation {
  var outcome: Outcome
  var results: JSONValue
  /// Where it ran, which exists for as long as this value.
  let workspace: Workspace

  var exitCode: Int32? { outcome.exitCode }
  var scenarios: [JSONValue] { results["scenarios"]?.array ?? [] }
  var groups: [JSONValue] { results["groups"]?.array ?? [] }

  /// The only scenario.
  func scenario(sourceLocation: SourceLocation = #_sourceLocation) throws -> JSONValue {
    try #require(scenarios.count == 1, "\(outcome)", sourceLocation: sourceLocation)
    return scenarios[0]
  }

  /// The scenario of that id.
  func scenario(_ id: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> JSONValue {
    try #require(scenarios.first { $0["scenario_id"]?.string == id }, "\(outcome)", sourceLocation: sourceLocation)
  }
}

extension Evaluation {
  /// An artifact of a scenario; empty when there is none.
  func artifact(_ name: String, of scenario: String = "c1-r1") throws -> [UInt8] {
    try self.scenario(scenario).artifact(name)
  }
}

extension JSONValue {
  var status: String? { self["status"]?.string }
  var composite: Double? { self["composite_score"]?.double }
  var agentOutput: String? { self["agent_output"]?.string }
  var error: String? { self["error"]?.string }

  /// The finding of the check of that name, in a scenario.
  func check(_ name: String) -> JSONValue? { self["invariants"]?.array?.first { $0["name"]?.string == name } }

  /// An artifact of a scenario, whose folder must still exist; empty when there is none.
  func artifact(_ name: String) -> [UInt8] {
    self["artifacts"]?.string.flatMap { FileBytes.read("\($0)/\(name)") } ?? []
  }

  /// The finding of the forbidden rule of that type, in a scenario.
  func rule(_ type: String) -> JSONValue? { self["forbidden_checks"]?.array?.first { $0["rule"]?.string == type } }
}
