package import KeystoneExperiment
internal import KeystoneKit
internal import KeystonePluginHost
internal import KeystoneRecords
internal import KeystoneSandbox

/// Asks the check type `llm_as_judge`, whatever plugin provides it, about texts that belong to no sandbox.
package struct Judging: Sendable {
  /// What a judge said, and what it cost.
  struct Opinion: Sendable {
    var score: RuleScore
    var dollars: Double
  }

  private let host: CurrentHost

  /// A judging that uses the plugins of a host.
  package init(host: CurrentHost) { self.host = host }

  /// Judges a text.
  ///
  /// - Throws: ``PluginError`` when nobody can be asked, or the answer cannot be read.
  func judge(
    _ parameters: JSONValue, output: String, parameters values: [String: JSONValue], specID: String = ""
  ) async throws -> Opinion {
    let host = host.now
    guard let type = host.registry.type(.invariant, "llm_as_judge") else {
      throw PluginError(.unsupported, "no plugin provides the check type `llm_as_judge`; install one that does")
    }
    let scenario = Scenario(
      id: "offline", sandboxID: "", specID: specID, task: AgentTask(prompt: ""), parameters: values)
    let request = WorkRequest(
      type: type.descriptor.type, name: "judge", parameters: parameters, scenario: scenario,
      agent: AgentOutcome(output: output))
    let services = JudgeServices(
      services: PlainServices(outbound: host.outbound, patterns: SecretPatterns([:]), log: host.log))
    let answer = try await host.registry.call(
      type, "evaluate", try JSONValueEncoder().encode(request).bytes, budget: .seconds(120), services: services)
    let score = try JSONValueDecoder().decode(Score.self, from: try JSONValue(parsing: answer))
    return Opinion(
      score: RuleScore(score.value, passed: score.isPassed, score.reason),
      dollars: services.usage.withLock { $0.reduce(0) { $0 + Pricing.dollars($1) } })
  }
}

/// The host's services for a check outside of sandboxes: HTTP and logs, and what models cost.
private struct JudgeServices: HostServiceHandler {
  let services: PlainServices
  let usage = Locked<[Usage]>([])

  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    guard service == "usage" else { return try await services.serve(service, call) }
    let used = try JSONValueDecoder().decode(Usage.self, from: try JSONValue(parsing: call.body))
    usage.withLock { $0.append(used) }
    return JSONValue.object([:]).bytes
  }
}
