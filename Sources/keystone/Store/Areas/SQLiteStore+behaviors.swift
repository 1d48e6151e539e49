internal import GRDB
public import KeystoneRecords

extension SQLiteStore {
  /// Keeps what a behavior found in a workflow; the first finding about a workflow stands.
  public func keep(_ finding: BehaviorFinding, of behavior: String, in workspace: String) async throws {
    try await write { database in
      try database.execute(
        sql: """
          INSERT INTO behavior_findings (workspace, behavior_id, trace, detected, option, reason, created_at)
          VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
          """,
        arguments: [
          workspace, behavior, finding.trace, finding.isDetected, finding.option, finding.reason, finding.createdAt,
        ])
    }
  }

  /// The latest 10,000 findings of a behavior since a time in RFC 3339, the newest first.
  public func findings(of behavior: String, in workspace: String, since: String) async throws -> [BehaviorFinding] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM behavior_findings WHERE workspace = ? AND behavior_id = ? AND created_at >= ?
          ORDER BY created_at DESC LIMIT 10000
          """,
        arguments: [workspace, behavior, since]
      ).map { row in
        BehaviorFinding(
          trace: row["trace"], isDetected: row["detected"], option: row["option"], reason: row["reason"],
          createdAt: row["created_at"])
      }
    }
  }
}
