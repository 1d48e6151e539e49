internal import Dispatch
internal import FoundationEssentials
internal import GRDB

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
  /// - Returns: How many experiments were removed.
  public func prune(olderThanDays days: Int) async throws -> Int {
    try await write { database in
      let limit = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-\(days) days')"
      if try database.tableExists("trace_events") {
        try database.execute(sql: "DELETE FROM trace_events WHERE created_at < \(limit)")
      }
      try database.execute(sql: "DELETE FROM experiments WHERE status <> 'running' AND created_at < \(limit)")
      return database.changesCount
    }
  }
}
