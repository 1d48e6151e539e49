public import KeystoneKit

/// Forbids a word in what the agent writes to its output.
struct ExampleName: ForbiddenRule {
  struct Parameters: ParameterSet {
    @Parameter("The word.", examples: ["sudo"]) var word: String
  }

  static let type = "example_name"
  static let summary = "Forbids a word in what the agent writes to its output."
  static let sources: [AuditSource] = [.output]

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    parameters.word.isEmpty ? [.init(path: "$.word", message: "the word is empty, and every output holds that")] : []
  }

  func violations(_ parameters: Parameters, in context: CheckContext) async throws -> [Violation] {
    try await context.audit(["stdout", "stderr"]).compactMap { record in
      guard let text = record.data["text"]?.string, text.contains(parameters.word) else { return nil }
      return Violation("the agent wrote `\(parameters.word)` to \(record.event)", record: record.sequence)
    }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("example-name", version: "0.1.0", ExampleName.self).export(to: host)
}
