public import KeystoneKit

/// Writes a file of numbered lines into the workspace.
struct ExampleName: Fixture {
  struct Parameters: ParameterSet {
    @Parameter("The file, relative to the workspace.", examples: ["data/numbers.txt"]) var path: String
    @Parameter("How many lines it has.", range: 0...100_000) var lines = 10
  }

  static let type = "example_name"
  static let summary = "Writes a file of numbered lines into the workspace."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    SandboxPath(parameters.path).diagnostics(at: "$.path")
  }

  func apply(_ parameters: Parameters, in context: FixtureContext) async throws {
    let text = (0..<parameters.lines).map { "line \($0 + 1)\n" }.joined()
    try await context.sandbox.write(SandboxPath(parameters.path), Array(text.utf8))
    context.log(.info, "wrote \(parameters.path)", ["lines": .integer(Int64(parameters.lines))])
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("example-name", version: "0.1.0", ExampleName.self).export(to: host)
}
