public import KeystoneKit

/// Runs an image as the agent: beside the sandbox, on its network and in its workspace, with the prompt on its stdin.
struct Image: ImageAgent {
  struct Parameters: ParameterSet {
    @Parameter("The image reference.", examples: ["myregistry.io/my-agent:v3"]) var image: String
    @Parameter(
      "What runs instead of the program that the image was made for; `{{ task.prompt }}` stands for the prompt.",
      examples: [["my-agent", "--task", "{{ task.prompt }}"]])
    var args: [String] = []
  }

  static let type = "image"
  static let summary = "Runs an image as the agent, beside the sandbox and in its workspace, with the prompt on stdin."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    let isReference = !parameters.image.isEmpty && !parameters.image.contains(where: \.isWhitespace)
    guard !isReference, !parameters.image.contains("{{") else { return [] }
    return [.init(path: "$.image", message: "`\(parameters.image)` is no image reference; write one such as name:tag")]
  }

  func run(_ parameters: Parameters, in context: AgentContext) async throws -> AgentResult {
    try await context.runAgent(
      Command(parameters.args), image: parameters.image, input: Array(context.scenario.task.prompt.utf8))
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("image", version: "1.0.0", Image.self).export(to: host)
}
