package import KeystoneKit
import KeystonePluginHost
package import KeystoneSpec

extension LiveSandbox {
  /// Asks a type of a plugin to do its work in this sandbox, with the templates in its parameters filled in.
  func work(
    _ point: ExtensionPoint, _ operation: String, _ request: WorkRequest, phase: String, limit: Duration?,
    _ deadline: ContinuousClock.Instant, using known: InstalledType? = nil
  ) async throws -> [UInt8] {
    guard let type = known ?? plan.registry.type(point, request.type) else {
      throw PluginError(.notFound, "no plugin provides the \(point.rawValue) type `\(request.type)`")
    }
    var request = request
    request.type = type.descriptor.type
    request.parameters = try TemplateValues(scenario: plan.scenario, secrets: plan.secrets)
      .render(request.parameters, schema: type.descriptor.parameters)
    let left = remaining(until: deadline)
    let services = SandboxServices(sandbox: self, type: type, phase: phase)
    return try await plan.registry.call(
      type, operation, try JSONValueEncoder().encode(request).bytes, budget: limit.map { min($0, left) } ?? left,
      services: services)
  }

  /// A plugin's answer; one that cannot be read is the plugin's fault and says whose.
  private func answer<Reply: Decodable>(_ body: [UInt8], of point: ExtensionPoint, _ name: String) throws -> Reply {
    do {
      return try JSONValueDecoder().decode(Reply.self, from: JSONValue(parsing: body))
    } catch {
      let plugin = plan.registry.type(point, name).map { "plugin \($0.plugin) \($0.version) (\($0.file))" } ?? name
      throw PluginError(
        .internal,
        "\(plugin) gave an answer that cannot be read (\(PluginError(error).message)): report this to its author"
      )
    }
  }

  /// Runs the agent and answers what it did, with secrets masked.
  ///
  /// Throws ``PluginError`` when it could not be started or was over its time.
  package func runAgent(_ agent: SpecAgent, deadline: ContinuousClock.Instant) async throws -> AgentOutcome {
    plan.progress(SandboxStep("agent", agent.type))
    let model = plan.scenario.parameters["model"]?.string ?? agent.model
    let request = WorkRequest(
      type: agent.type, name: "agent", parameters: agent.parameters, scenario: plan.scenario, model: model)
    let limit = agent.timeout ?? .seconds(300)
    let start = ContinuousClock.now
    let result: AgentResult
    do {
      let body = try await work(.agent, "run", request, phase: "agent", limit: limit, deadline)
      result = try answer(body, of: .agent, agent.type)
    } catch let error as PluginError where error.code == .deadline {
      try? await killAll()
      throw timeoutError(limit: limit, deadline: deadline)
    }
    if result.status?.timedOut == true {
      try? await killAll()
      throw timeoutError(limit: limit, deadline: deadline)
    }
    if let limit = result.status?.limit {
      throw PluginError(
        .exhausted, "the agent was killed because it was over its limit of \(limit)",
        detail: "RESOURCE_LIMIT_EXCEEDED: raise the limit under `resources`, or see what the agent needs it for")
    }
    return try outcome(of: result, start: start)
  }

  private func timeoutError(limit: Duration, deadline: ContinuousClock.Instant) -> PluginError {
    let isSandbox = remaining(until: deadline) == .zero
    let which = isSandbox ? "resources.timeout" : "agent.timeout"
    let time = isSandbox ? (plan.spec.resources.timeout ?? SpecResources.defaultTimeout) : limit
    return PluginError(
      .deadline, "the agent exceeded its timeout of \(DurationText.format(time)) (\(which)) and was killed",
      detail: "EXPIRED: raise `\(which)`, or see what the agent waits for")
  }

  private func outcome(of result: AgentResult, start: ContinuousClock.Instant) throws -> AgentOutcome {
    if let answer = result.output { try takeAgentOutput(Array(answer.utf8), output, stream: "stdout") }
    try finishAgentOutput()
    let elapsed = start.duration(to: .now)
    return AgentOutcome(
      exitCode: result.status?.exitCode, signal: result.status?.signal, output: output.text,
      errorOutput: errorOutput.text, durationMilliseconds: Int(elapsed.wholeMilliseconds))
  }

  /// What an agent that began at `start` had written when it was stopped; `nil` when that is nothing.
  package func interruptedAgent(since start: ContinuousClock.Instant) -> AgentOutcome? {
    try? finishAgentOutput()
    guard output.total > 0 || errorOutput.total > 0 else { return nil }
    return AgentOutcome(
      exitCode: nil, signal: nil, output: output.text, errorOutput: errorOutput.text,
      durationMilliseconds: Int(start.duration(to: .now).wholeMilliseconds))
  }

  /// Takes a piece of what the agent wrote: masked, recorded, kept.
  func takeAgentOutput(_ bytes: [UInt8], _ capture: OutputCapture, stream: String) throws {
    try recordAgentOutput(try capture.take(bytes), stream)
  }

  /// Takes what was held back because a secret might have begun in it.
  func finishAgentOutput() throws {
    for (capture, stream) in [(output, "stdout"), (errorOutput, "stderr")] {
      try recordAgentOutput(try capture.finish(), stream)
    }
  }

  private func recordAgentOutput(_ masked: (bytes: [UInt8], names: Set<String>), _ stream: String) throws {
    guard !masked.bytes.isEmpty || !masked.names.isEmpty else { return }
    try audit.recordOutput(masked.bytes, stream: stream, phase: "agent", actor: "agent", secrets: masked.names)
  }

  /// Kills what commands have left behind.
  func killAll() async throws { _ = try await call("kill_all", SandboxCall(), as: Empty.self, budget: .seconds(10)) }

  /// Evaluates a forbidden rule; call ``seal()`` before.
  package func violations(
    of rule: SpecForbiddenRule, agent: AgentOutcome?, deadline: ContinuousClock.Instant
  ) async throws -> [Violation] {
    plan.progress(SandboxStep("rules", rule.type))
    await enter(phase: "check:\(rule.type)", actor: rule.type)
    let request = WorkRequest(
      type: rule.type, name: rule.type, parameters: rule.parameters, scenario: plan.scenario, agent: agent)
    let body = try await work(
      .forbidden, "evaluate", request, phase: "check:\(rule.type)", limit: .seconds(60), deadline)
    let reply: RuleReply = try answer(body, of: .forbidden, rule.type)
    return reply.violations.map { Violation(redacted($0.message), record: $0.record) }
  }

  /// Evaluates an invariant.
  ///
  /// - Throws: ``PluginError`` when the check could not judge.
  package func score(
    of invariant: SpecInvariant, agent: AgentOutcome?, deadline: ContinuousClock.Instant
  ) async throws -> Score {
    plan.progress(SandboxStep("check", invariant.name))
    await enter(phase: "check:\(invariant.name)", actor: invariant.type)
    let request = WorkRequest(
      type: invariant.type, name: invariant.name, parameters: invariant.parameters, scenario: plan.scenario,
      agent: agent)
    let body = try await work(
      .invariant, "evaluate", request, phase: "check:\(invariant.name)", limit: invariant.timeout, deadline)
    var score: Score = try answer(body, of: .invariant, invariant.type)
    guard score.value.isFinite, (0...1).contains(score.value) else {
      throw PluginError(
        .internal, "the check type `\(invariant.type)` answered the score \(score.value), which is not from 0 to 1")
    }
    score.reason = redacted(score.reason)
    return score
  }
}
