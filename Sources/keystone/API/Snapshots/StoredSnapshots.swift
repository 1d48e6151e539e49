package import KeystoneKit
package import KeystoneSandbox
package import KeystoneStore

/// The agent snapshots of a workspace.
package struct StoredSnapshots: SnapshotSource {
  private let store: SQLiteStore
  private let folder: SnapshotFolder
  private let workspace: String

  /// The snapshots of `workspace`, whose bundles lie in `folder`.
  package init(store: SQLiteStore, folder: SnapshotFolder, workspace: String) {
    self.store = store
    self.folder = folder
    self.workspace = workspace
  }

  /// The snapshot that is meant.
  package func snapshot(_ reference: SnapshotReference) async throws -> AgentSnapshot {
    guard let document = try await document(reference), let digest = document.body["digest"]?.string else {
      let what =
        reference.id
        ?? [reference.name, reference.tag, reference.version.map { "version \($0)" }]
        .compactMap(\.self).joined(separator: ", ")
      throw PluginError(.notFound, "there is no agent snapshot \(what); upload it with `ks.agents.upload`")
    }
    let auth = document.body["auth"]
    let files = (auth?["config_files"]?.array ?? []).compactMap { file in
      file["path"]?.string.map { ($0, file["template"]?.string ?? "") }
    }
    return AgentSnapshot(
      manifest: SnapshotManifest(
        id: document.id, name: document.name, version: document.version, digest: digest,
        entrypoint: (document.body["entrypoint"]?.array ?? []).compactMap(\.string),
        runtime: document.body["runtime"]?.string),
      folder: folder.files(of: String(digest.dropFirst("sha256:".count))),
      requiredVariables: (auth?["required_env"]?.array ?? []).compactMap(\.string),
      configuration: Dictionary(files, uniquingKeysWith: { _, last in last }),
      hosts: (auth?["egress"]?.object ?? [:]).sorted { $0.key < $1.key }.flatMap { $0.value.array ?? [] }
        .compactMap(\.string))
  }

  private func document(_ reference: SnapshotReference) async throws -> Document? {
    if let id = reference.id { return try await store.document(.snapshot, id, in: workspace) }
    var filter = DocumentFilter(.snapshot, in: workspace)
    filter.name = reference.name ?? ""
    filter.version = reference.version
    filter.tag = reference.tag
    filter.isNewestFirst = true
    filter.limit = 1
    return try await store.documents(filter).first
  }
}
