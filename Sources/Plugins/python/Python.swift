public import KeystoneKit

/// Runs a Python script of the workspace, with the task as a JSON document on its stdin.
struct Python: Agent {
  struct Parameters: ParameterSet {
    @Parameter("The script, relative to the workspace.", examples: ["agent.py"]) var binary: String
    @Parameter("Arguments of the script.") var args: [String] = []
  }

  static let type = "python"
  static let summary = "Runs a Python script in the sandbox with the task as JSON on stdin."

  func run(_ parameters: Parameters, in context: AgentContext) async throws -> AgentResult {
    // Python itself would start and exit with 2, which would be judged as the agent's own failure.
    guard try await context.sandbox.status(of: SandboxPath(parameters.binary)) != nil else {
      throw PluginError(.notFound, "the agent's script \(parameters.binary) does not exist; put it there in `setup`")
    }
    let task = try await context.taskDocument()
    return try await context.runAgent(
      Command(["python3", parameters.binary] + parameters.args), input: task.bytes)
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("python", version: "1.0.0", Python.self).export(to: host)
}
