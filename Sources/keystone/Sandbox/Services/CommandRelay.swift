import KeystoneKit
import KeystonePluginHost
import KeystoneSpec

extension SandboxServices {
  /// How much an agent may write before it is stopped.
  static let agentOutputLimit = 256 << 20

  /// Runs a command for a plugin: its streams pass through the host, which records the agent's.
  func relayCommand(_ call: IncomingCall, isAgent: Bool) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    guard let wanted = request.command, !wanted.arguments.isEmpty || (isAgent && request.image != nil) else {
      throw PluginError(.invalid, "exec needs a `command` with at least one argument")
    }
    var command = sandbox.merged(wanted)
    if isAgent {
      command.discardsOutput = false
      command.environment.merge(agentVariables()) { own, _ in own }
    }
    // What runs in another container is not watched: its environment says so before it starts.
    let isImage = isAgent && request.image != nil
    if !isImage {
      command = sandbox.watched(command, phase: phase, actor: isAgent ? "agent" : type.descriptor.type)
    }
    let watched = command
    defer { sandbox.unwatch(watched) }
    let runtime = try await sandbox.begin(
      isImage ? "image_exec" : "exec", SandboxCall(command: command, image: request.image))
    let answer = try await withTaskCancellationHandler {
      try await relay(call, runtime, command, isAgent: isAgent)
    } onCancel: {
      runtime.cancel()
    }
    if isAgent { try sandbox.finishAgentOutput() }
    let status = try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: answer))
    try sandbox.record(wanted, status, phase: phase, actor: isAgent ? "agent" : type.descriptor.type)
    return answer
  }

  private func agentVariables() -> [String: String] {
    let agent = sandbox.plan.spec.agent
    let templates = TemplateValues(scenario: sandbox.plan.scenario, secrets: sandbox.plan.secrets)
    var variables = (agent?.env ?? [:]).mapValues { (try? templates.render($0)) ?? $0 }
    let model = sandbox.plan.scenario.parameters["model"]?.string ?? agent?.model
    if let model { variables["KEYSTONE_AGENT_MODEL"] = model }
    return variables
  }

  /// Passes the streams of a command that runs on between the plugin and the runtime.
  func relay(
    _ call: IncomingCall, _ runtime: PluginCall, _ command: Command, isAgent: Bool
  ) async throws -> [UInt8] {
    let input = command.hasInput ? Task { await Self.pass(call.input(0), to: runtime.output(0)) } : nil
    defer { input?.cancel() }
    do {
      try await withThrowingTaskGroup { group in
        if isAgent {
          group.addTask { try await keep(runtime.input(1), in: sandbox.output, stream: "stdout") }
          group.addTask { try await keep(runtime.input(2), in: sandbox.errorOutput, stream: "stderr") }
        } else if !command.discardsOutput {
          for channel: UInt32 in [1, 2] {
            group.addTask { await Self.pass(runtime.input(channel), to: call.output(channel)) }
          }
        }
        // Not `waitForAll`, which would let the other stream run on after one has failed.
        while try await group.next() != nil {}
      }
    } catch {
      runtime.cancel()
      throw error
    }
    return try await runtime.result()
  }

  /// Passes frames on; an end on either side ends it, and the outcome of the call says why.
  private static func pass(_ input: ChannelInput, to output: ChannelOutput) async {
    do {
      while let frame = try await input.next() { try await output.write(frame) }
    } catch {}
    output.end()
  }

  private func keep(_ input: ChannelInput, in capture: OutputCapture, stream: String) async throws {
    do {
      while let frame = try await input.next() {
        try sandbox.takeAgentOutput(frame, capture, stream: stream)
        if capture.total > Self.agentOutputLimit {
          throw PluginError(
            .exhausted,
            "the agent wrote more than \(Self.agentOutputLimit >> 20) MiB to \(stream) and was stopped")
        }
      }
    } catch let error as PluginError where error.code != .exhausted {
      // The command did not start or its runtime failed: the result of the call says which.
    }
  }
}
