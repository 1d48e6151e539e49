internal import FoundationEssentials
internal import GRDB

extension SQLiteStore {
  /// Keeps a sealed secret in the place of one of the same name.
  public func setSecret(_ name: String, sealed: [UInt8], owner: String, workspace: String) async throws {
    try await write { database in
      try database.execute(
        sql: """
          INSERT INTO secrets (workspace, name, owner, sealed, updated_at) VALUES (?, ?, ?, ?, \(Self.now))
          ON CONFLICT (workspace, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at
          """,
        arguments: [workspace, name, owner, Data(sealed)])
    }
  }

  /// The sealed secrets of a workspace, by name.
  public func sealedSecrets(in workspace: String) async throws -> [String: [UInt8]] {
    try await read { database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT name, sealed FROM secrets WHERE workspace = ?", arguments: [workspace])
      return Dictionary(
        rows.map { row in
          let sealed: Data = row["sealed"]
          return (row["name"], [UInt8](sealed))
        }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// Forgets a secret.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when there is none of that name.
  public func removeSecret(_ name: String, workspace: String) async throws {
    try await write { database in
      try database.execute(
        sql: "DELETE FROM secrets WHERE workspace = ? AND name = ?", arguments: [workspace, name])
      guard database.changesCount == 1 else {
        throw StoreFailure(.notFound, "There is no secret \(name); `keystone secret list` shows them.")
      }
    }
  }
}
