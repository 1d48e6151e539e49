public import KeystoneKit

/// A check that does nothing but read its parameters and answer with a score.
struct TypedCheck: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("Path, relative to the workspace.") var path: String
    @Parameter("Text the file must contain.") var contains: String?
    @Parameter("Words that count.") var words: [String] = []
    @Parameter("Largest number of lines.", range: 0...1_000_000) var lines = 100
    @Parameter("Share that must be right.", range: 0...1) var share = 1.0
    @Parameter("Whether case counts.") var isStrict = true
  }

  static let type = "benchmark_typed"
  static let summary = "Answers with a score that depends on its parameters."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let value = parameters.isStrict ? parameters.share : 1
    return Score(value, reason: "\(parameters.path) has \(parameters.words.count) of \(parameters.lines) lines")
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("benchmark-typed", version: "1.0.0", TypedCheck.self).export(to: host)
}
