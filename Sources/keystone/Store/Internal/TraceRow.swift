internal import GRDB
internal import KeystoneKit
internal import KeystoneRecords

/// An event on its way into the table, its body already written as text: the writer's thread has enough to do.
struct TraceRow: Sendable {
  static let columns = 14
  /// How many rows one statement inserts when there are that many; asking SQLite less often is faster.
  static let perStatement = 25

  private let values: [DatabaseValue]
  private let body: DatabaseValue

  init(_ event: TraceEvent, _ origin: TraceOrigin) {
    values = [
      origin.workspace.databaseValue, Self.text(origin.sandbox), Self.text(origin.experiment),
      Self.text(event.agent ?? origin.agent), event.type.databaseValue, Self.text(event.tool), event.time.databaseValue,
      Self.text(event.span), Self.text(event.parent), Self.text(event.trace), Self.text(origin.snapshot),
    ]
    body = event.body.text.databaseValue
  }

  private static func text(_ text: String?) -> DatabaseValue { text?.databaseValue ?? .null }

  func add(to arguments: inout [DatabaseValue], received: Int64, isAudit: Bool) {
    arguments += values
    arguments.append(received.databaseValue)
    arguments.append((isAudit ? 1 : 0).databaseValue)
    arguments.append(body)
  }

  static func insertion(_ count: Int) -> String { count == 1 ? insertionOfOne : insertionOfMany }

  private static let insertionOfOne = insertionText(1)
  private static let insertionOfMany = insertionText(perStatement)

  private static func insertionText(_ count: Int) -> String {
    let row = "(" + Array(repeating: "?", count: columns).joined(separator: ",") + ")"
    return """
      INSERT INTO trace_events (workspace, sandbox_id, experiment_id, agent, event_type, tool, at, span_id,
        parent_span_id, trace, snapshot_id, received_at, is_audit, body)
      VALUES \(Array(repeating: row, count: count).joined(separator: ","))
      """
  }

  /// What ``json(_:)`` reads.
  static let selection =
    "SELECT id, sandbox_id, experiment_id, snapshot_id, agent, received_at, body FROM trace_events"

  /// The event with its id, when it came and what it belongs to.
  ///
  /// `input` and `output` also stand in `metadata`, where the published helper that makes datasets of traces looks
  /// (http-api 8.3).
  static func json(_ row: Row) throws -> JSONValue {
    guard case .object(var event) = try JSONValue(parsing: row["body"] as String) else { return .null }
    event["id"] = .integer(row["id"])
    event["created_at"] = .string(InstantText.of(milliseconds: row["received_at"]))
    event["sandbox_id"] = (row["sandbox_id"] as String?).map { .string($0) } ?? .null
    event["experiment_id"] = (row["experiment_id"] as String?).map { .string($0) } ?? .null
    event["agent"] = (row["agent"] as String?).map { .string($0) } ?? .null
    if let snapshot = row["snapshot_id"] as String? { event["snapshot_id"] = .string(snapshot) }
    // Clients read these of every row.
    for name in ["tool", "cost", "span_id"] where event[name] == nil { event[name] = .null }
    var metadata = event["metadata"]?.object ?? [:]
    for name in ["input", "output"] where metadata[name] == nil { metadata[name] = event[name] }
    if !metadata.isEmpty { event["metadata"] = .object(metadata) }
    return .object(event)
  }
}
