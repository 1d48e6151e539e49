import KeystoneKit
import KeystonePluginHost

extension SandboxServices {
  /// Tells a plugin of the services that run from images.
  func sendServices() throws -> [UInt8] {
    let services = sandbox.state.withLock { $0.services.values.map(\.description) }
    return try JSONValueEncoder().encode(ListReply(items: services.sorted { $0.name < $1.name })).bytes
  }

  /// Runs a command of a plugin in a service: a database's own client, for example.
  func relayServiceCommand(_ call: IncomingCall) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    guard let command = request.command, !command.arguments.isEmpty else {
      throw PluginError(.invalid, "service_exec needs a `command` with at least one argument")
    }
    guard type.descriptor.point != .agent else {
      throw PluginError(.denied, "an agent type reaches services as the agent does, through the network")
    }
    let service = try sandbox.backingService(request.service ?? "")
    let runtime = try await sandbox.begin(
      "service_exec", SandboxCall(command: command, service: service.request.name))
    let answer = try await withTaskCancellationHandler {
      try await relay(call, runtime, command, isAgent: false)
    } onCancel: {
      runtime.cancel()
    }
    let status = try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: answer))
    try sandbox.record(
      command, status, phase: phase, actor: type.descriptor.type, service: service.request.name)
    return answer
  }
}
