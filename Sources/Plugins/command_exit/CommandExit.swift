public import KeystoneKit

/// Runs a command in the workspace and compares its exit code.
struct CommandExit: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("Line for `sh -c`, run in the workspace.", examples: ["npm test"]) var command: String
    @Parameter("Exit code that passes.", range: 0...255) var exitCode = 0
  }

  static let type = "command_exit"
  static let summary = "Runs a command in the workspace and checks its exit code."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let result = try await context.sandbox.run(.shell(parameters.command), keeping: 64 << 10, of: .last)
    let finding = "`\(parameters.command)` \(result.status.ending)"
    if result.status.exitCode == parameters.exitCode { return .pass(finding) }
    let lines = result.lastLines()
    let quote = lines.isEmpty ? "it wrote nothing" : "its last lines: \(lines)"
    return .fail("\(finding), expected \(parameters.exitCode); \(quote)")
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("command_exit", version: "1.0.0", CommandExit.self).export(to: host)
}
