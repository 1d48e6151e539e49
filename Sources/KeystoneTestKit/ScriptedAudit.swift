public import KeystoneKit

/// An audit log that a test writes: what an agent is supposed to have done, in order.
///
/// ```swift
/// let audit = ScriptedAudit.records(.output("done\n"), .process(["git", "push"]))
/// ```
public struct ScriptedAudit: Sendable {
  /// What kind of event it is.
  public var event: String
  /// The members of the event.
  public var data: [String: JSONValue]
  /// The names of the secrets found in it.
  public var secrets: [String]

  /// An event of any kind.
  public init(_ event: String, _ data: [String: JSONValue] = [:], secrets: [String] = []) {
    self.event = event
    self.data = data
    self.secrets = secrets
  }

  /// What the agent wrote to stdout, in which the host found `secrets`.
  public static func output(_ text: String, secrets: [String] = []) -> ScriptedAudit {
    ScriptedAudit("stdout", ["text": .string(text), "bytes": .integer(Int64(text.utf8.count))], secrets: secrets)
  }

  /// A program that was started.
  public static func process(_ arguments: [String]) -> ScriptedAudit {
    ScriptedAudit(
      "process_spawn",
      ["path": .string(arguments.first ?? ""), "arguments": .array(arguments.map { .string($0) }), "pid": 42])
  }

  /// A file that was written.
  public static func fileWrite(_ path: String) -> ScriptedAudit {
    ScriptedAudit("file_write", ["path": .string(path), "operation": "open", "pid": 42])
  }

  /// An HTTP request and the status that was answered.
  public static func http(_ method: String, host: String, path: String, status: Int) -> ScriptedAudit {
    ScriptedAudit(
      "http_call",
      [
        "scheme": "http", "method": .string(method), "host": .string(host), "port": 80, "path": .string(path),
        "status": .integer(Int64(status)), "destination": "outside", "decision": "allowed",
      ])
  }

  /// A statement that wrote to a table of a service; the schema is absent where the statement names none.
  public static func databaseWrite(
    service: String, schema: String? = nil, table: String, operation: String, statement: String
  ) -> ScriptedAudit {
    var data: [String: JSONValue] = [
      "service": .string(service), "table": .string(table), "operation": .string(operation), "by": "statement",
      "statement": .string(statement),
    ]
    data["schema"] = schema.map { .string($0) }
    return ScriptedAudit("db_write", data)
  }

  /// The records of phase `agent` that these events make.
  public static func records(_ events: ScriptedAudit...) -> [AuditRecord] {
    events.enumerated().map { index, event in
      AuditRecord(
        sequence: index + 1, timestamp: "2026-01-01T00:00:00.\(index % 1000)Z", phase: "agent", actor: "agent",
        event: event.event, data: event.data, secrets: event.secrets)
    }
  }
}
