public import KeystoneKit

/// The events of one request.
public enum TraceBatch {
  /// The most events in one request.
  public static let largest = 1000

  /// Reads `{"events": […]}`.
  ///
  /// Events that name their parent but no root join the tree of the parent when it is in the same request, and else
  /// the tree that begins with the parent.
  ///
  /// - Throws: ``InvalidRecord`` that names the first wrong event.
  public static func events(_ body: JSONValue, now: String) throws(InvalidRecord) -> [TraceEvent] {
    guard let values = body["events"]?.array else { throw InvalidRecord("send an object with an array `events`") }
    guard values.count <= largest else {
      throw InvalidRecord("\(values.count) events are too many for one request; send at most \(largest)")
    }
    var events: [TraceEvent] = []
    events.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      do {
        events.append(try TraceEvent(value, now: now))
      } catch {
        throw InvalidRecord("events[\(index)]: \(error.message)")
      }
    }
    joinTrees(&events)
    return events
  }

  /// Gives every event that belongs to a span the tree it belongs to.
  static func joinTrees(_ events: inout [TraceEvent]) {
    var trees: [String: String] = [:]
    for event in events {
      if let span = event.span, let trace = event.trace ?? (event.parent == nil ? span : nil) { trees[span] = trace }
    }
    for index in events.indices where events[index].trace == nil {
      events[index].trace = tree(of: events[index], trees)
      if let span = events[index].span { trees[span] = events[index].trace }
    }
  }

  private static func tree(of event: TraceEvent, _ trees: [String: String]) -> String? {
    if let parent = event.parent { return trees[parent] ?? parent }
    return event.span
  }
}
