public import KeystoneKit

/// Runs a line of shell as the agent, with the task as JSON on its stdin.
struct ExampleName: Agent {
  struct Parameters: ParameterSet {
    @Parameter("The line for `sh -c`.", examples: ["cat > task.json"]) var line: String
  }

  static let type = "example_name"
  static let summary = "Runs a line of shell as the agent, with the task as JSON on its stdin."

  func run(_ parameters: Parameters, in context: AgentContext) async throws -> AgentResult {
    let task = try await context.taskDocument()
    context.progress("starting the agent")
    // A non-zero exit code is judged by the checks; throw only when the agent could not be started.
    return try await context.runAgent(.shell(parameters.line), input: task.bytes)
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("example-name", version: "0.1.0", ExampleName.self).export(to: host)
}
