public import KeystoneKit
internal import KeystoneSpec

/// Joins the events of spans: what began and what ended become one row (http-api 8.1).
///
/// Events with the same `span_id` are one span. Emitters that send no span ids are paired by what they do send: an end
/// belongs to the start of the same tool whose `ts` is closest to the end's `ts` minus its `duration_ms`.
public enum SpanRows {
  /// The spans of `events`, which are rows with `id`, in the order in which the spans were first seen.
  public static func joining(_ events: [JSONValue]) -> [JSONValue] {
    var order: [Int] = []
    var spans: [Int: [JSONValue]] = [:]
    var ids: [String: Int] = [:]
    var open: [String: [Int]] = [:]
    for (place, event) in events.enumerated() {
      if let span = event["span_id"]?.string, !span.isEmpty {
        if let first = ids[span] {
          spans[first]?.append(event)
          continue
        }
        ids[span] = place
      } else if event["phase"]?.string == "start" {
        open[key(event), default: []].append(place)
      } else if let start = closest(to: event, among: open[key(event)] ?? [], events) {
        open[key(event)]?.removeAll { $0 == start }
        spans[start]?.append(event)
        continue
      }
      order.append(place)
      spans[place] = [event]
    }
    return order.compactMap { spans[$0] }.map(row)
  }

  private static func key(_ event: JSONValue) -> String {
    let parts = ["event_type", "tool", "sandbox_id", "agent"].map { event[$0]?.string ?? "" }
    return parts.joined(separator: "\n")
  }

  private static func closest(to end: JSONValue, among starts: [Int], _ events: [JSONValue]) -> Int? {
    guard end["phase"]?.string == "end", let ended = time(end) else { return nil }
    let began = ended - (end["duration_ms"]?.int ?? 0) * 1000
    return starts.min { distance(events[$0], began) < distance(events[$1], began) }
  }

  private static func distance(_ start: JSONValue, _ time: Int64) -> UInt64 {
    (Self.time(start).map { $0 - time } ?? .max).magnitude
  }

  private static func time(_ event: JSONValue) -> Int64? {
    event["ts"]?.string.flatMap { Timestamp($0) }.map { $0.seconds * 1_000_000 + Int64($0.nanoseconds / 1000) }
  }

  /// One row: the last event says most; the first says when it began.
  private static func row(_ events: [JSONValue]) -> JSONValue {
    let last = events.last { $0["phase"]?.string != "start" } ?? events[0]
    guard case .object(var row) = last else { return last }
    for event in events {
      for (name, value) in event.object ?? [:] where row[name] == nil { row[name] = value }
    }
    row["id"] = events[0]["id"]
    row["event_id"] = last["id"]
    let start = events.first { $0["phase"]?.string == "start" }
    let end = events.first { $0["phase"]?.string != "start" }
    row["ts"] = (start ?? last)["ts"]
    row["start_ts"] = start?["ts"]
    row["end_ts"] = end?["ts"]
    return .object(row)
  }
}
