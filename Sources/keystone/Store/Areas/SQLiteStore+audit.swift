internal import GRDB
internal import KeystoneRecords

extension SQLiteStore {
  /// Keeps the records of a sandbox's audit log, a file of JSON lines, where the experiment's traces are read.
  ///
  /// Only for experiments of a workspace; those of a command line have the file itself.
  public func keepAudit(
    _ file: String, ofSandbox sandbox: String, of experiment: String, snapshot: String?
  ) async throws {
    let workspace = try await read { database in
      try String.fetchOne(database, sql: "SELECT workspace FROM experiments WHERE id = ?", arguments: [experiment])
    }
    guard let workspace, !workspace.isEmpty else { return }
    let events = AuditEvents.read(file)
    let origin = TraceOrigin(workspace: workspace, sandbox: sandbox, experiment: experiment, snapshot: snapshot)
    for start in stride(from: 0, to: events.count, by: TraceBatch.largest) {
      try await append(
        Array(events[start..<min(events.count, start + TraceBatch.largest)]), of: origin, isAudit: true)
    }
  }
}
