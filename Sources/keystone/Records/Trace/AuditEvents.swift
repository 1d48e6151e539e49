internal import FoundationEssentials
internal import KeystoneKit

/// The records of an audit log as trace events: `http_call`, `stdout`, `command` and whatever else was recorded.
public enum AuditEvents {
  /// Of a longer log the first records are taken; the whole of it stays in the artifacts.
  public static let most = 20_000

  /// Reads a log; a line that is no record is passed over, and a log that is not there has none.
  public static func read(_ file: String) -> [TraceEvent] {
    guard let data = try? Data(contentsOf: URL(filePath: file)) else { return [] }
    return data.split(separator: UInt8(ascii: "\n")).prefix(most).compactMap { line in
      (try? JSONValue(parsing: Array(line))).flatMap(event)
    }
  }

  /// The event of a record; what it was about stands in `metadata`, output and the like also as `output`.
  static func event(_ record: JSONValue) -> TraceEvent? {
    guard let name = record["event"]?.string, let time = record["ts"]?.string else { return nil }
    let data = record["data"]?.object ?? [:]
    var metadata = data
    metadata["audit.phase"] = record["phase"]
    metadata["audit.actor"] = record["actor"]
    metadata["audit.seq"] = record["seq"]
    var event: [String: JSONValue] = [
      "ts": .string(time), "event_type": .string(name), "phase": "complete", "status": "ok",
      "metadata": .object(metadata),
    ]
    event["tool"] = (data["command"] ?? data["host"] ?? data["path"])?.string.map { .string(String($0.prefix(200))) }
    event["output"] = data["text"]?.string.map { .string($0) }
    event["duration_ms"] = data["duration_ms"]?.int.map { .integer($0) }
    return try? TraceEvent(.object(event), now: time)
  }
}
