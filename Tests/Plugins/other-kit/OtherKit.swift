public import KeystoneKit

/// Answers with what its own KeystoneKit is like, and with what the host's file holds.
struct OtherKit: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("A file of the sandbox.") var path: String
  }

  static let type = "other_kit"
  static let summary = "Answers with what its own KeystoneKit is like."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let bytes = try await context.sandbox.read(SandboxPath(parameters.path))
    let size = MemoryLayout<Score>.size
    return Score(
      1, reason: "\(keystoneKitVersion), a score of \(size) bytes, \(String(decoding: bytes, as: UTF8.self))")
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("other-kit", version: "1.0.0", OtherKit.self).export(to: host)
}
