internal import GRDB
public import KeystoneKit

/// A small thing that clients make, such as a prompt or an alert rule.
public struct Document: Sendable, Hashable {
  /// What kind of thing it is.
  public enum Kind: String, Sendable, Hashable {
    case prompt, scoreRule = "score_rule", alert, snapshot, judge, behavior
  }

  /// What it is.
  public var kind: Kind
  /// Whose it is.
  public var owner: String
  /// The workspace it belongs to.
  public var workspace: String
  /// Its id, unique for its kind in the workspace.
  public var id: String
  /// Its name; several may have the same, unless they are versions of one.
  public var name: String
  /// Its version, from 1; 0 for kinds without versions.
  public var version: Int
  /// Its tag, when it has one.
  public var tag: String?
  /// What the client said of it, a JSON object.
  public var body: JSONValue
  /// When it was made, RFC 3339 in UTC.
  public var createdAt: String
  /// Its place in the order in which things were made.
  public private(set) var ordinal: Int64 = 0

  /// A document that is not yet kept.
  public init(
    _ kind: Kind, id: String, owner: String, workspace: String, name: String, tag: String? = nil, body: JSONValue,
    createdAt: String
  ) {
    self.kind = kind
    self.owner = owner
    self.workspace = workspace
    self.id = id
    self.name = name
    version = 0
    self.tag = tag
    self.body = body
    self.createdAt = createdAt
  }

  init(_ row: Row) throws {
    self.init(
      Kind(rawValue: row["kind"]) ?? .prompt, id: row["id"], owner: row["owner"], workspace: row["workspace"],
      name: row["name"], tag: row["tag"], body: try JSONValue(parsing: row["body"] as String),
      createdAt: row["created_at"])
    version = row["version"]
    ordinal = row["ordinal"]
  }
}

/// Which documents are meant.
public struct DocumentFilter: Sendable, Hashable {
  /// The kind.
  public var kind: Document.Kind
  /// The workspace.
  public var workspace: String
  /// Only those with this name.
  public var name: String?
  /// Only this version.
  public var version: Int?
  /// Only those with this tag.
  public var tag: String?
  /// Only those after this place.
  public var after: Int64 = 0
  /// Whether the newest come first.
  public var isNewestFirst = false
  /// How many at most.
  public var limit = 10_000

  /// All documents of a kind in a workspace.
  public init(_ kind: Document.Kind, in workspace: String) {
    self.kind = kind
    self.workspace = workspace
  }
}

extension SQLiteStore {
  /// Keeps a new document.
  ///
  /// - Parameters:
  ///   - document: What to keep.
  ///   - isVersioned: Whether it is the next version of its name.
  /// - Returns: The document with its version and place.
  /// - Throws: ``StoreFailure`` of code `conflict` when there is one of that id.
  public func add(_ document: Document, isVersioned: Bool = false) async throws -> Document {
    try await write { database in
      let key: [any DatabaseValueConvertible] = [document.workspace, document.kind.rawValue, document.id]
      let known = try Row.fetchOne(
        database, sql: "SELECT * FROM documents WHERE workspace = ? AND kind = ? AND id = ?",
        arguments: StatementArguments(key))
      guard known == nil else {
        throw StoreFailure(.conflict, "There is a \(document.kind.rawValue) \(document.id); choose another id.")
      }
      try database.execute(
        sql: """
          INSERT INTO documents (kind, owner, workspace, id, name, version, tag, body, created_at)
          VALUES (?, ?, ?, ?, ?, CASE WHEN ? THEN 1 + coalesce(
            (SELECT max(version) FROM documents WHERE workspace = ? AND kind = ? AND name = ?), 0) ELSE 0 END, ?, ?, ?)
          """,
        arguments: [
          document.kind.rawValue, document.owner, document.workspace, document.id, document.name, isVersioned,
          document.workspace, document.kind.rawValue, document.name, document.tag, document.body.text,
          document.createdAt,
        ])
      return try Document(
        Row.fetchOne(
          database, sql: "SELECT * FROM documents WHERE ordinal = ?", arguments: [database.lastInsertedRowID])
          ?? Row())
    }
  }

  /// The document of that id, or `nil` when the workspace has none.
  public func document(_ kind: Document.Kind, _ id: String, in workspace: String) async throws -> Document? {
    try await read { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM documents WHERE workspace = ? AND kind = ? AND id = ?",
        arguments: [workspace, kind.rawValue, id]
      ).map(Document.init)
    }
  }

  /// The documents that a filter means, in the order in which they were made.
  public func documents(_ filter: DocumentFilter) async throws -> [Document] {
    var conditions = ["workspace = ?", "kind = ?"]
    var arguments: [any DatabaseValueConvertible & Sendable] = [filter.workspace, filter.kind.rawValue]
    func add(_ condition: String, _ value: (any DatabaseValueConvertible & Sendable)?) {
      guard let value else { return }
      conditions.append(condition)
      arguments.append(value)
    }
    add("name = ?", filter.name)
    add("version = ?", filter.version)
    add("tag = ?", filter.tag)
    if filter.after > 0 { add("ordinal > ?", filter.after) }
    let sql = """
      SELECT * FROM documents WHERE \(conditions.joined(separator: " AND "))
      ORDER BY ordinal \(filter.isNewestFirst ? "DESC" : "ASC") LIMIT \(filter.limit)
      """
    let values = arguments
    return try await read { database in
      try Row.fetchAll(database, sql: sql, arguments: StatementArguments(values)).map(Document.init)
    }
  }

  /// Gives a document another body and name.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when the workspace has none of that id.
  public func replace(
    _ kind: Document.Kind, _ id: String, in workspace: String, name: String, body: JSONValue
  ) async throws {
    let text = body.text
    try await write { database in
      try database.execute(
        sql: "UPDATE documents SET body = ?, name = ? WHERE workspace = ? AND kind = ? AND id = ?",
        arguments: [text, name, workspace, kind.rawValue, id])
      guard database.changesCount == 1 else { throw Self.noDocument(kind, id) }
    }
  }

  /// Removes a document.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when the workspace has none of that id.
  public func remove(_ kind: Document.Kind, _ id: String, in workspace: String) async throws {
    try await write { database in
      try database.execute(
        sql: "DELETE FROM documents WHERE workspace = ? AND kind = ? AND id = ?",
        arguments: [workspace, kind.rawValue, id])
      guard database.changesCount == 1 else { throw Self.noDocument(kind, id) }
    }
  }

  /// Whether any workspace has a snapshot of the bundle with this digest.
  public func hasSnapshot(digest: String) async throws -> Bool {
    try await read { database in
      try Bool.fetchOne(
        database,
        sql: "SELECT EXISTS (SELECT 1 FROM documents WHERE kind = 'snapshot' AND body ->> '$.digest' = ?)",
        arguments: [digest]) ?? false
    }
  }

  private static func noDocument(_ kind: Document.Kind, _ id: String) -> StoreFailure {
    StoreFailure(.notFound, "There is no \(kind.rawValue) `\(id)` in this workspace; check the id.")
  }
}
