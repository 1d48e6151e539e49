public import KeystoneKit

/// Runs any program in the sandbox, with the prompt on its stdin.
struct CLI: Agent {
  struct Parameters: ParameterSet {
    @Parameter("Program: a path, or a name that is looked up on the PATH.", examples: ["/usr/local/bin/my-agent"])
    var binary: String
    @Parameter("Arguments; `{{ task.prompt }}` stands for the prompt.", examples: [["--task", "{{ task.prompt }}"]])
    var args: [String] = []
  }

  static let type = "cli"
  static let summary = "Runs a program in the sandbox with the task's prompt on stdin."

  func run(_ parameters: Parameters, in context: AgentContext) async throws -> AgentResult {
    try await context.runAgent(
      Command([parameters.binary] + parameters.args), input: Array(context.scenario.task.prompt.utf8))
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("cli", version: "1.0.0", CLI.self).export(to: host)
}
