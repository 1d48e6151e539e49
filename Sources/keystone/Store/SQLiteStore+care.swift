internal import Dispatch
internal import FoundationEssentials
internal import GRDB
internal import KeystoneRecords

extension SQLiteStore {
  /// Everything that is damaged in the file; nothing when it is sound.
  public func problems() async throws -> [String] {
    try await read { database in
      let lines = try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
      let orphans = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { row in
        "a row of \(row[0] as String? ?? "?") refers to something that is gone"
      }
      return lines + orphans
    }
  }

  /// Copies the store as it is at one moment; readers and the writer go on.
  ///
  /// - Throws: ``StoreFailure`` when there is a file of that name or it cannot be written.
  public func backUp(to path: String) async throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw StoreFailure(.conflict, "The file \(path) exists; name a new one for the backup.")
    }
    try await outsideTransactions("VACUUM INTO ?", [path])
    try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }

  /// Gives the room of what was removed back to the disk; changes wait meanwhile.
  public func vacuum() async throws { try await outsideTransactions("VACUUM") }

  /// Removes experiments and traces that are older than so many days, and what hangs on them.
  ///
  /// Events go in steps, between which others write.
  ///
  /// - Returns: The ids of the experiments that were removed.
  public func prune(olderThanDays days: Int) async throws -> [String] {
    let oldest = InstantText.now() - Int64(days) * 86_400_000
    while try await removeEvents(before: oldest, atMost: 5000) {}
    return try await write { database in
      try String.fetchAll(
        database,
        sql: """
          DELETE FROM experiments WHERE status <> 'running'
          AND created_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ? || ' days') RETURNING id
          """, arguments: [days])
    }
  }

  /// Removes some of the oldest events and answers whether there are more; ids ascend with the time of arrival.
  private func removeEvents(before oldest: Int64, atMost count: Int) async throws -> Bool {
    try await write { database in
      try database.execute(
        sql: """
          DELETE FROM trace_events WHERE received_at < ? AND id IN (SELECT id FROM trace_events ORDER BY id LIMIT ?)
          """, arguments: [oldest, count])
      return database.changesCount == count
    }
  }
}
