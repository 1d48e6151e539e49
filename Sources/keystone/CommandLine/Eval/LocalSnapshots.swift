import KeystoneAPI
import KeystoneExperiment
import KeystoneKit
import KeystoneSandbox
import KeystoneStore

/// The agent snapshots of the default workspace on this machine, which were uploaded to its daemon.
struct LocalSnapshots: SnapshotSource {
  let store: SQLiteStore
  let dataFolder: String

  func snapshot(_ reference: SnapshotReference) async throws -> AgentSnapshot {
    let workspace = try await store.defaultWorkspace(
      of: Caller.usualOwner, orMake: Identifier.random(prefix: "ws_"))
    return try await StoredSnapshots(
      store: store, folder: SnapshotFolder("\(dataFolder)/snapshots"), workspace: workspace.id
    ).snapshot(reference)
  }
}
