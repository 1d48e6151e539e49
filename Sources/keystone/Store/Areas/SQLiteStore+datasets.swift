internal import GRDB
internal import KeystoneKit
public import KeystoneRecords

/// A dataset without its records.
public struct Dataset: Sendable, Hashable {
  /// The id, `ds_` and 12 hexadecimal digits.
  public var id: String
  /// Whose it is.
  public var owner: String
  /// The workspace it belongs to.
  public var workspace: String
  /// Its name.
  public var name: String
  /// What it is for.
  public var description: String
  /// Its version, from 1; one more for every batch of records.
  public var version: Int
  /// When it was made, RFC 3339 in UTC.
  public var createdAt: String

  /// A new dataset.
  public init(
    id: String, owner: String, workspace: String, name: String, description: String, version: Int = 1,
    createdAt: String
  ) {
    self.id = id
    self.owner = owner
    self.workspace = workspace
    self.name = name
    self.description = description
    self.version = version
    self.createdAt = createdAt
  }

  init(_ row: Row) {
    self.init(
      id: row["id"], owner: row["owner"], workspace: row["workspace"], name: row["name"],
      description: row["description"], version: row["version"], createdAt: row["created_at"])
  }
}

extension SQLiteStore {
  /// Keeps a new dataset.
  public func add(_ dataset: Dataset) async throws {
    try await write { database in
      try database.execute(
        sql: """
          INSERT INTO datasets (id, owner, workspace, name, description, version, created_at)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          dataset.id, dataset.owner, dataset.workspace, dataset.name, dataset.description, dataset.version,
          dataset.createdAt,
        ])
    }
  }

  /// The datasets of a workspace, in the order in which they were made.
  public func datasets(in workspace: String) async throws -> [Dataset] {
    try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM datasets WHERE workspace = ? ORDER BY ordinal", arguments: [workspace]
      ).map(Dataset.init)
    }
  }

  /// The dataset of that id or, when no id fits, the newest of that name; `nil` when the workspace has none.
  public func dataset(_ idOrName: String, in workspace: String) async throws -> Dataset? {
    try await read { database in
      try Row.fetchOne(
        database,
        sql: """
          SELECT * FROM datasets WHERE workspace = ? AND (id = ? OR name = ?)
          ORDER BY id = ? DESC, ordinal DESC LIMIT 1
          """,
        arguments: [workspace, idOrName, idOrName, idOrName]
      ).map(Dataset.init)
    }
  }

  /// Removes a dataset with its records; experiments that used it keep what they ran with.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when the workspace has none of that id.
  public func removeDataset(_ id: String, in workspace: String) async throws {
    try await write { database in
      try database.execute(sql: "DELETE FROM datasets WHERE id = ? AND workspace = ?", arguments: [id, workspace])
      guard database.changesCount == 1 else { throw Self.noDataset(id) }
    }
  }

  /// Adds records, which are the dataset's next version.
  ///
  /// - Parameters:
  ///   - records: The records, in their order.
  ///   - id: The dataset's id.
  ///   - workspace: Whose dataset.
  ///   - makeID: Makes the id of a record.
  /// - Returns: The new version.
  /// - Throws: ``StoreFailure`` of code `notFound` when the workspace has none of that id.
  public func add(
    _ records: [DatasetRecord], to id: String, in workspace: String, makeID: @escaping @Sendable () -> String
  ) async throws -> Int {
    let bodies = records.map { (makeID(), $0.body.text) }
    return try await write { database in
      let version = try Int.fetchOne(
        database, sql: "UPDATE datasets SET version = version + 1 WHERE id = ? AND workspace = ? RETURNING version",
        arguments: [id, workspace])
      guard let version else { throw Self.noDataset(id) }
      let statement = try database.cachedStatement(
        sql: "INSERT INTO dataset_records (id, dataset_id, version, body) VALUES (?, ?, ?, ?)")
      for (record, body) in bodies { try statement.execute(arguments: [record, id, version, body]) }
      return version
    }
  }

  /// The records of a dataset, in the order in which they were added.
  ///
  /// - Parameters:
  ///   - id: The dataset's id; the caller knows that it may see it.
  ///   - version: The dataset as it was then: the records of this version and of those before it; all when `nil`.
  ///   - tags: Only records with one of these; all when empty.
  ///   - limit: How many at most.
  /// - Returns: The records.
  /// - Throws: ``StoreFailure``.
  public func records(
    of id: String, version: Int?, tags: [String] = [], limit: Int = .max
  ) async throws -> [DatasetRecord] {
    try await read { database in
      let rows = try Row.fetchCursor(
        database,
        sql: "SELECT * FROM dataset_records WHERE dataset_id = ? AND version <= ? ORDER BY ordinal",
        arguments: [id, version ?? .max])
      var records: [DatasetRecord] = []
      while records.count < limit, let row = try rows.next() {
        var record = try DatasetRecord(try JSONValue(parsing: row["body"] as String))
        record.id = row["id"]
        record.version = row["version"]
        if record.has(oneOf: tags) { records.append(record) }
      }
      return records
    }
  }

  private static func noDataset(_ id: String) -> StoreFailure {
    StoreFailure(.notFound, "There is no dataset `\(id)` in this workspace; check the id.")
  }
}
