public import KeystoneKit

/// Checks that a file has at most so many lines.
struct OldSwift: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("The file, relative to the workspace.", examples: ["notes.txt"]) var path: String
    @Parameter("The largest number of lines.", range: 0...) var max = 100
  }

  static let type = "old_swift"
  static let summary = "Checks that a file has at most so many lines."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    // What the agent can be blamed for is a score; what keeps the check from judging is thrown.
    guard try await context.sandbox.status(of: SandboxPath(parameters.path)) != nil else {
      return .fail("\(parameters.path) does not exist")
    }
    let bytes = try await context.sandbox.read(SandboxPath(parameters.path))
    let lines = bytes.split(separator: UInt8(ascii: "\n")).count
    let reason = "\(parameters.path) has \(lines) lines, at most \(parameters.max) are allowed"
    return lines <= parameters.max ? .pass(reason) : .fail(reason)
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("old-swift", version: "1.0.0", OldSwift.self).export(to: host)
}
