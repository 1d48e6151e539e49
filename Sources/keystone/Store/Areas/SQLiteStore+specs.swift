internal import FoundationEssentials
internal import GRDB

/// One version of an uploaded spec.
public struct SpecRecord: Sendable, Hashable {
  /// The `id` in the YAML.
  public var id: String
  /// The number of the upload, from 1.
  public var version: Int
  /// Whose it is.
  public var owner: String
  /// The workspace it belongs to.
  public var workspace: String
  /// The YAML as it was uploaded.
  public var content: String
  /// When it was uploaded, RFC 3339 in UTC.
  public var createdAt: String
}

extension SQLiteStore {
  /// Keeps a new version of a spec.
  ///
  /// - Returns: The version, one more than the last.
  public func addSpec(_ id: String, content: String, owner: String, workspace: String) async throws -> SpecRecord {
    try await write { database in
      try database.execute(
        sql: """
          INSERT INTO specs (workspace, id, version, owner, content, created_at)
          SELECT ?, ?, coalesce(max(version), 0) + 1, ?, ?, \(Self.now) FROM specs WHERE workspace = ? AND id = ?
          """,
        arguments: [workspace, id, owner, Data(content.utf8), workspace, id])
      guard let row = try Row.fetchOne(database, sql: Self.latestSpec, arguments: [workspace, id]) else {
        throw StoreFailure(.notFound, "The spec \(id) is gone; upload it again.")
      }
      return SpecRecord(row)
    }
  }

  /// The latest version of a spec; `nil` when there is none of that id in the workspace.
  public func spec(_ id: String, in workspace: String) async throws -> SpecRecord? {
    try await read { database in
      try Row.fetchOne(database, sql: Self.latestSpec, arguments: [workspace, id]).map(SpecRecord.init)
    }
  }

  /// The latest version of every spec of a workspace, by id.
  public func specs(in workspace: String) async throws -> [SpecRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT *, max(version) AS version FROM specs WHERE workspace = ? GROUP BY id ORDER BY id
          """,
        arguments: [workspace]
      ).map(SpecRecord.init)
    }
  }

  /// Removes a spec with all its versions; experiments keep the text they were made from.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when there is none.
  public func removeSpec(_ id: String, in workspace: String) async throws {
    try await write { database in
      try database.execute(sql: "DELETE FROM specs WHERE workspace = ? AND id = ?", arguments: [workspace, id])
      guard database.changesCount > 0 else {
        throw StoreFailure(.notFound, "There is no spec `\(id)` in this workspace; `GET /v1/specs` lists them.")
      }
    }
  }

  private static let latestSpec = "SELECT * FROM specs WHERE workspace = ? AND id = ? ORDER BY version DESC LIMIT 1"
}

extension SpecRecord {
  init(_ row: Row) {
    let content: Data = row["content"]
    self.init(
      id: row["id"], version: row["version"], owner: row["owner"], workspace: row["workspace"],
      content: String(decoding: content, as: UTF8.self), createdAt: row["created_at"])
  }
}
