public import KeystoneKit

/// Runs an agent from a snapshot that was uploaded: its files lie in the workspace before setup begins.
struct Snapshot: PreparingAgent {
  struct Parameters: ParameterSet {
    @Parameter("The agent's name: its newest snapshot, or the one with `version` or `tag`.", examples: ["my-agent"])
    var snapshot: String?
    @Parameter("A snapshot's id, which pins its content.", examples: ["snap_0123456789abcdef"])
    var snapshotID: String?
    @Parameter("The version of the named agent.", range: 1...1_000_000) var version: Int?
    @Parameter("The tag of the named agent's snapshot.") var tag: String?
    @Parameter("Arguments after those of the entrypoint.") var args: [String] = []

    enum CodingKeys: String, CodingKey {
      case snapshot, version, tag, args
      case snapshotID = "snapshot_id"
    }

    var reference: SnapshotReference {
      SnapshotReference(id: snapshotID, name: snapshot, version: version, tag: tag)
    }
  }

  static let type = "snapshot"
  static let summary = "Runs an uploaded agent snapshot with the task as JSON on stdin."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    let isNamed = parameters.snapshot != nil
    if isNamed == (parameters.snapshotID != nil) {
      return [.init(path: "$", message: "one of `snapshot` and `snapshot_id` is needed")]
    }
    if !isNamed, parameters.version != nil || parameters.tag != nil {
      return [.init(path: "$.snapshot_id", message: "an id needs no `version` and no `tag`")]
    }
    if parameters.version != nil, parameters.tag != nil {
      return [.init(path: "$.tag", message: "`version` and `tag` exclude each other")]
    }
    return []
  }

  func prepare(_ parameters: Parameters, in context: AgentContext) async throws {
    try await context.unpack(parameters.reference, into: ".")
  }

  func run(_ parameters: Parameters, in context: AgentContext) async throws -> AgentResult {
    let manifest = try await context.snapshot(parameters.reference)
    let task = try await context.taskDocument()
    return try await context.runAgent(Command(manifest.entrypoint + parameters.args), input: task.bytes)
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("snapshot", version: "1.0.0", Snapshot.self).export(to: host)
}
