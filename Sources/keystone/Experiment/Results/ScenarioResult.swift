package import KeystoneKit
package import KeystoneSandbox
import KeystoneSpec

/// The result of one run (http-api 6.3).
package struct ScenarioResult: Sendable {
  /// What was run.
  package var scenario: PlannedScenario
  /// The sandbox's id; `nil` when none came up.
  package var sandboxID: String?
  /// The status of this run alone, before its group is known.
  package var verdict: ScenarioVerdict
  /// From the sandbox's creation to the verdict, in milliseconds.
  package var wallMilliseconds: Int
  /// What the agent did; `nil` when there is none or it did not run.
  package var agent: AgentOutcome?
  /// What the checks found.
  package var invariants: [InvariantResult] = []
  /// What the rules found.
  package var rules: [RuleResult] = []
  /// Why it is an `error`.
  package var error: String?
  /// Which of the known reasons it has, if any.
  package var statusDetail: StatusDetail?
  /// More about the error, such as the last lines of a process.
  package var detail: String?
  /// The plugins that did the rest of the work: the runtime, the fixtures and the agent, in this order.
  package var plugins: [PluginPart] = []
  /// What the sandbox really had.
  package var environment: SandboxEnvironment?
  /// The agent snapshot that ran; `nil` when none did.
  package var snapshot: AgentSnapshot?
  /// Tokens that were used by checks.
  package var usage: [Usage] = []
  /// The head of the audit log, by which a later change of it is seen.
  package var audit: AuditHead?
  /// What became of `teardown.export`.
  package var exports: [ExportResult] = []
  /// The folder with the whole outputs.
  package var artifacts: String?
}

extension ScenarioResult {
  /// The result as a JSON object with the status of this run alone, and how to run exactly this scenario again.
  package func json(reproducer: Reproducer, attempt: Int = 1) -> JSONValue {
    var members: [String: JSONValue] = [
      "scenario_id": .string(scenario.id),
      "status": .string(verdict.status.rawValue),
      "parameters": .object(scenario.parameters),
      "replica": .integer(Int64(scenario.replica)),
      "seed": .integer(scenario.seed),
      "attempt": .integer(Int64(attempt)),
      "wall_ms": .integer(Int64(wallMilliseconds)),
      "tool_calls": 0,
      "composite_score": .number(verdict.composite),
      "invariants": .array(invariants.map(\.json)),
      "forbidden_checks": .array(rules.map(\.json)),
    ]
    members["sandbox_id"] = sandboxID.map { .string($0) }
    if let agent {
      members["exit_code"] = agent.exitCode.map { .integer(Int64($0)) }
      members["signal"] = agent.signal.map { .integer(Int64($0)) }
      members["agent_output"] = .string(agent.output)
      members["agent_stderr"] = .string(agent.errorOutput)
      members["agent_ms"] = .integer(Int64(agent.durationMilliseconds))
    }
    members["error"] = error.map { .string($0) }
    members["status_detail"] = statusDetail?.json
    members["error_detail"] = detail.map { .string($0) }
    members["plugins"] = plugins.isEmpty ? nil : .array(plugins.map(\.json))
    members["environment"] = environment.flatMap { try? JSONValueEncoder().encode($0) }
    members["snapshot"] = snapshot?.json
    if !usage.isEmpty { members["cost"] = Pricing.cost(of: usage) }
    members["audit"] = audit.map { ["records": .integer(Int64($0.records)), "sha256": .string($0.sha256)] }
    if !exports.isEmpty { members["exports"] = .array(exports.map(\.json)) }
    members["artifacts"] = artifacts.map { .string($0) }
    if verdict.status != .pass { members["reproducer"] = reproducer.json(for: scenario) }
    return .object(members)
  }
}

extension AgentSnapshot {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "id": .string(manifest.id), "name": .string(manifest.name), "version": .integer(Int64(manifest.version)),
      "digest": .string(manifest.digest),
    ]
    if !hosts.isEmpty { members["egress"] = .array(hosts.map { .string($0) }) }
    return .object(members)
  }
}

extension InvariantResult {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(name), "passed": .bool(isPassed), "gate": .bool(isGate), "weight": .number(weight),
      "message": .string(reason), "reason": .string(reason),
    ]
    members["score"] = score.map { .number($0) }
    members["plugin"] = judge?.json
    return .object(members)
  }
}

extension RuleResult {
  var json: JSONValue {
    var members: [String: JSONValue] = ["rule": .string(rule), "violated": .bool(isViolated)]
    if !details.isEmpty { members["details"] = .string(details) }
    members["plugin"] = judge?.json
    return .object(members)
  }
}

/// A plugin's part in a run besides its findings.
package struct PluginPart: Sendable {
  /// The extension point.
  var point: ExtensionPoint
  /// The type, as the spec names it.
  var type: String
  /// Whose it is.
  var plugin: Provenance

  var json: JSONValue { ["point": .string(point.rawValue), "type": .string(type), "plugin": plugin.json] }
}

extension ExportResult {
  var json: JSONValue {
    var members: [String: JSONValue] = ["type": .string(kind.rawValue), "to": .string(to)]
    members["error"] = error.map { .string($0) }
    return .object(members)
  }
}

extension Provenance {
  var json: JSONValue {
    ["name": .string(plugin), "version": .string(version), "sha256": .string(digest)]
  }
}

/// How to run one scenario again.
package struct Reproducer: Sendable {
  /// The spec's file.
  package var specFile: String
  /// The seed of the experiment.
  package var experimentSeed: Int64
  /// The number of replicas, when the command line gave it.
  package var replicas: Int?
  /// Further flags that matter, such as the runtime.
  package var flags: [String]

  /// A reproducer.
  package init(specFile: String, experimentSeed: Int64, replicas: Int?, flags: [String]) {
    self.specFile = specFile
    self.experimentSeed = experimentSeed
    self.replicas = replicas
    self.flags = flags
  }

  func json(for scenario: PlannedScenario) -> JSONValue {
    var words = [
      "keystone", "eval", "run", Self.quoted(specFile), "--only", scenario.id, "--seed", "\(experimentSeed)",
    ]
    if let replicas { words += ["--replicas", "\(replicas)"] }
    words += flags.map(Self.quoted)
    return [
      "spec_file": .string(specFile), "seed": .integer(scenario.seed), "scenario_id": .string(scenario.id),
      "parameters": .object(scenario.parameters), "command": .string(words.joined(separator: " ")),
    ]
  }

  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=:,+@%".contains($0)) }
    return isPlain
      ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
