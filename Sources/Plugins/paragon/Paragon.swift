public import KeystoneKit

/// Runs the Paragon command line in the sandbox, with the prompt on its stdin.
struct Paragon: Agent {
  struct Parameters: ParameterSet {
    @Parameter("Further arguments for `paragon`.") var args: [String] = []
  }

  static let type = "paragon"
  static let summary = "Runs the Paragon command line in the sandbox with the task's prompt on stdin."

  func run(_ parameters: Parameters, in context: AgentContext) async throws -> AgentResult {
    let binary = context.setting("paragon-binary")?.string ?? "paragon"
    var command = Command([binary] + parameters.args)
    if let model = context.model {
      command.environment = ["PARAGON_MODEL": model, "KEYSTONE_AGENT_MODEL": model]
    }
    return try await context.runAgent(command, input: Array(context.scenario.task.prompt.utf8))
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  let binary = Setting(
    name: "paragon-binary", description: "Name or path of the Paragon command line inside sandboxes.",
    default: "paragon", flag: "paragon-binary", environment: "PARAGON_BINARY")
  return Plugin("paragon", version: "1.0.0", settings: [binary], Paragon.self).export(to: host)
}
