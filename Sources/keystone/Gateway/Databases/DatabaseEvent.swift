import KeystoneKit

/// Something a client of the sandbox asked a database for.
struct DatabaseEvent: Sendable {
  /// `db_write`, or `db_command` for what has no tables.
  var event: String
  var data: [String: JSONValue]

  /// The longest part of a statement that is recorded.
  private static let longestStatement = 2048

  /// A write to a table by a statement.
  init(_ write: TableWrite, statement: [UInt8]) {
    event = "db_write"
    data = ["operation": .string(write.operation), "table": .string(write.table), "by": "statement"]
    data["schema"] = write.schema.map { .string($0) }
    data["statement"] = .string(String(decoding: statement.prefix(Self.longestStatement), as: UTF8.self))
  }

  /// A command of a store without tables.
  init(command: String, key: String?) {
    event = "db_command"
    data = ["command": .string(command)]
    data["key"] = key.map { .string($0) }
  }
}

/// Reads what is said between the sandbox and a database service.
protocol DatabaseInspector {
  /// What is spoken, for the audit log.
  var language: String { get }
  /// Takes bytes of the client and answers what goes on to the server, and what the gateway itself answers.
  mutating func client(_ bytes: [UInt8]) throws(Denial) -> (forward: [UInt8], reply: [UInt8])
  /// What the client asked for since this was called last.
  mutating func takeEvents() -> [DatabaseEvent]
}
