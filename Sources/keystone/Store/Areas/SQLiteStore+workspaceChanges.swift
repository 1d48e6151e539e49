internal import GRDB

extension SQLiteStore {
  /// The workspaces of an owner: favourites first, then the default one, then the latest used.
  public func workspaces(of owner: String) async throws -> [WorkspaceRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM workspaces WHERE owner = ? ORDER BY is_favorite DESC, is_default DESC, active_at DESC, id
          """,
        arguments: [owner]
      ).map(WorkspaceRecord.init)
    }
  }

  /// Keeps a new workspace.
  ///
  /// - Throws: ``StoreFailure`` of code `conflict` when the owner has one of that name.
  public func add(_ workspace: WorkspaceRecord) async throws {
    try await write { database in
      try Self.checkName(of: workspace, database)
      try database.execute(
        sql: """
          INSERT INTO workspaces (id, owner, name, description, is_default, created_at, active_at)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          workspace.id, workspace.owner, workspace.name, workspace.description, workspace.isDefault,
          workspace.createdAt, workspace.createdAt,
        ])
    }
  }

  /// Keeps what changed in a workspace.
  ///
  /// - Throws: ``StoreFailure`` of code `conflict` when the owner has another one of that name.
  public func update(_ workspace: WorkspaceRecord) async throws {
    try await write { database in
      try Self.checkName(of: workspace, database)
      try database.execute(
        sql: "UPDATE workspaces SET name = ?, description = ?, is_favorite = ?, active_at = \(Self.now) WHERE id = ?",
        arguments: [workspace.name, workspace.description, workspace.isFavorite, workspace.id])
    }
  }

  /// Removes a workspace.
  ///
  /// - Throws: ``StoreFailure`` of code `conflict` when something still belongs to it.
  public func removeWorkspace(_ id: String) async throws {
    try await write { database in
      for (table, what) in Self.belongings {
        let isUsed = try Bool.fetchOne(
          database, sql: "SELECT EXISTS (SELECT 1 FROM \(table) WHERE workspace = ?)", arguments: [id])
        if isUsed == true {
          throw StoreFailure(.conflict, "The workspace still holds \(what); remove them first.")
        }
      }
      try database.execute(sql: "DELETE FROM workspaces WHERE id = ?", arguments: [id])
    }
  }

  private static let belongings = [
    ("experiments", "experiments"), ("specs", "specs"), ("datasets", "datasets"), ("documents", "prompts or rules"),
    ("trace_events", "traces"),
  ]

  private static func checkName(of workspace: WorkspaceRecord, _ database: Database) throws {
    let isTaken = try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM workspaces WHERE owner = ? AND name = ? AND id <> ?)",
      arguments: [workspace.owner, workspace.name, workspace.id])
    if isTaken == true {
      throw StoreFailure(.conflict, "There is a workspace `\(workspace.name)`; choose another name.")
    }
  }
}
