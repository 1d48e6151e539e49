internal import GRDB

/// A workspace: the part of an owner's resources that a request sees.
public struct WorkspaceRecord: Sendable, Hashable {
  /// The id, `ws_` and 12 hexadecimal digits.
  public var id: String
  /// Whose it is.
  public var owner: String
  /// Its name, unique for its owner.
  public var name: String
  /// What it is for.
  public var description: String
  /// Whether requests that name no workspace mean this one.
  public var isDefault: Bool
  /// Whether it is pinned to the top of lists.
  public var isFavorite: Bool
  /// When it was made, RFC 3339 in UTC.
  public var createdAt: String

  /// A record.
  public init(
    id: String, owner: String, name: String, description: String, isDefault: Bool, isFavorite: Bool = false,
    createdAt: String
  ) {
    self.id = id
    self.owner = owner
    self.name = name
    self.description = description
    self.isDefault = isDefault
    self.isFavorite = isFavorite
    self.createdAt = createdAt
  }
}

extension SQLiteStore {
  /// The default workspace of an owner, which is made with `id` when there is none yet.
  public func defaultWorkspace(of owner: String, orMake id: String) async throws -> WorkspaceRecord {
    let question = "SELECT * FROM workspaces WHERE owner = ? AND is_default = 1"
    let known = try await read { database in
      try Row.fetchOne(database, sql: question, arguments: [owner]).map(WorkspaceRecord.init)
    }
    if let known { return known }
    return try await write { database in
      try database.execute(
        sql: """
          INSERT INTO workspaces (id, owner, name, description, is_default, created_at, active_at)
          VALUES (?, ?, 'default', '', 1, \(Self.now), \(Self.now)) ON CONFLICT DO NOTHING
          """,
        arguments: [id, owner])
      guard let row = try Row.fetchOne(database, sql: question, arguments: [owner]) else {
        throw StoreFailure(
          .conflict, "A workspace of \(owner) is named `default` but is not the default one; rename it.")
      }
      return WorkspaceRecord(row)
    }
  }

  /// The workspace of an owner with this id or, when no id fits, this name; `nil` when there is none.
  public func workspace(_ idOrName: String, of owner: String) async throws -> WorkspaceRecord? {
    try await read { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM workspaces WHERE owner = ? AND (id = ? OR name = ?) ORDER BY id = ? DESC LIMIT 1",
        arguments: [owner, idOrName, idOrName, idOrName]
      ).map(WorkspaceRecord.init)
    }
  }
}

extension WorkspaceRecord {
  init(_ row: Row) {
    self.init(
      id: row["id"], owner: row["owner"], name: row["name"], description: row["description"],
      isDefault: row["is_default"], isFavorite: row["is_favorite"], createdAt: row["created_at"])
  }
}
