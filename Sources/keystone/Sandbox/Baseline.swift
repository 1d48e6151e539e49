import KeystoneKit

extension LiveSandbox {
  /// Hashes the whole workspace; what differs at the end is the agent's doing.
  func takeBaseline() async throws {
    let files = try await hashed("/workspace")
    state.withLock { $0.baseline = Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first }) }
  }

  /// What the agent left running may finish what it is about: its end state is sealed when nothing of it runs any more, or
  /// after this time when something does, such as a server.
  private static let settlingTime = Duration.milliseconds(1500)

  /// Waits for what the agent left running, as far as it is watched.
  package func settle() async throws { try await supervision?.settle(within: Self.settlingTime) }

  /// Says that what the agent left running does from now on is no longer its doing.
  package func endAgentPhase() { state.withLock { $0.phase = "check" } }

  /// Compares the workspace with the baseline and keeps the differences: what happens later is not the agent's.
  package func seal() async throws {
    try await sealDatabases()
    let files = try await hashed("/workspace")
    // What was written before this line was recorded before it was written.
    state.withLock { $0.phase = "check" }
    let changes = Self.changes(from: state.withLock { $0.baseline }, to: files)
    state.withLock { $0.sealedChanges = changes }
  }

  /// The differences, by path.
  static func changes(from baseline: [SandboxPath: FileStatus], to files: [FileStatus]) -> [FileChange] {
    var removed = baseline
    var changes: [FileChange] = []
    for file in files {
      guard let before = removed.removeValue(forKey: file.path) else {
        if file.kind != .directory { changes.append(FileChange(path: file.path, kind: .added)) }
        continue
      }
      let isSame =
        before.kind == file.kind && before.sha256 == file.sha256 && before.target == file.target
        && before.mode == file.mode
      if !isSame && file.kind != .directory { changes.append(FileChange(path: file.path, kind: .modified)) }
      // A folder is no change by itself, but the file it took the place of is gone.
      if before.kind != .directory && file.kind == .directory {
        changes.append(FileChange(path: file.path, kind: .removed))
      }
    }
    changes += removed.values.filter { $0.kind != .directory }.map { FileChange(path: $0.path, kind: .removed) }
    return changes.sorted { $0.path.bytes.lexicographicallyPrecedes($1.path.bytes) }
  }
}
