internal import FoundationEssentials
internal import GRDB

/// An API key as it is kept: never the key itself.
public struct APIKeyRecord: Sendable, Hashable {
  /// The id, `key_` and 12 hexadecimal digits.
  public var id: String
  /// Whose resources it reaches.
  public var owner: String
  /// A name for people.
  public var name: String
  /// The beginning of the key, by which a person recognises it.
  public var hint: String
  /// The SHA-256 of the key.
  public var hash: [UInt8]
  /// When it was made, RFC 3339 in UTC.
  public var createdAt: String
  /// When it was revoked; `nil` while it works.
  public var revokedAt: String?

  /// A record.
  public init(
    id: String, owner: String, name: String, hint: String, hash: [UInt8], createdAt: String, revokedAt: String? = nil
  ) {
    self.id = id
    self.owner = owner
    self.name = name
    self.hint = hint
    self.hash = hash
    self.createdAt = createdAt
    self.revokedAt = revokedAt
  }
}

extension SQLiteStore {
  /// Keeps a new key.
  public func add(_ key: APIKeyRecord) async throws {
    try await write { database in
      try database.execute(
        sql: "INSERT INTO api_keys (id, owner, name, hint, hash, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [key.id, key.owner, key.name, key.hint, Data(key.hash), key.createdAt])
    }
  }

  /// The key with this SHA-256, revoked or not; `nil` when there is none.
  public func key(hash: [UInt8]) async throws -> APIKeyRecord? {
    try await read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM api_keys WHERE hash = ?", arguments: [Data(hash)])
        .map(APIKeyRecord.init)
    }
  }

  /// All keys, the oldest first.
  public func keys() async throws -> [APIKeyRecord] {
    try await read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM api_keys ORDER BY created_at, rowid").map(APIKeyRecord.init)
    }
  }

  /// Makes a key useless at once.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when there is none of that id that works.
  public func revokeKey(_ id: String) async throws {
    try await write { database in
      try database.execute(
        sql: "UPDATE api_keys SET revoked_at = \(Self.now) WHERE id = ? AND revoked_at IS NULL", arguments: [id])
      guard database.changesCount == 1 else {
        throw StoreFailure(.notFound, "There is no key \(id) that works; `keystone key list` shows them.")
      }
    }
  }

  /// Puts `replacement` in the place of the key `id`, which is useless at once; name and owner stay.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when there is none of that id that works.
  public func rotateKey(_ id: String, to replacement: APIKeyRecord) async throws {
    try await write { database in
      try database.execute(
        sql: "UPDATE api_keys SET revoked_at = \(Self.now) WHERE id = ? AND revoked_at IS NULL", arguments: [id])
      guard database.changesCount == 1 else {
        throw StoreFailure(.notFound, "There is no key \(id) that works; `keystone key list` shows them.")
      }
      try database.execute(
        sql: """
          INSERT INTO api_keys (id, owner, name, hint, hash, created_at)
          SELECT ?, owner, name, ?, ?, ? FROM api_keys WHERE id = ?
          """,
        arguments: [replacement.id, replacement.hint, Data(replacement.hash), replacement.createdAt, id])
    }
  }
}

extension APIKeyRecord {
  init(_ row: Row) {
    let hash: Data = row["hash"]
    self.init(
      id: row["id"], owner: row["owner"], name: row["name"], hint: row["hint"], hash: [UInt8](hash),
      createdAt: row["created_at"], revokedAt: row["revoked_at"])
  }
}
