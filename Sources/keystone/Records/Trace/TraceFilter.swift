internal import KeystoneSpec

/// Which events or spans a list shows; what is `nil` does not matter.
public struct TraceFilter: Sendable, Hashable {
  /// The experiment.
  public var experiment: String?
  /// The sandbox.
  public var sandbox: String?
  /// The id of the agent snapshot.
  public var snapshot: String?
  /// The agent.
  public var agent: String?
  /// The kind of event.
  public var type: String?
  /// The tool.
  public var tool: String?
  /// The earliest time, in microseconds since 1970-01-01T00:00:00Z.
  public var since: Int64?
  /// The tree.
  public var trace: String?
  /// The span.
  public var span: String?
  /// The span around it.
  public var parent: String?

  /// A filter that everything passes.
  public init() {}

  /// The time that `since` means: RFC 3339, where a blank before the zone stands for a plus sign that was not
  /// escaped, or a span before `now`, such as `90s`, `30m`, `24h`, `7d` or `2w`.
  ///
  /// - Throws: ``InvalidRecord`` when it is neither.
  public static func time(_ text: String, now: Int64) throws(InvalidRecord) -> Int64 {
    if let span = microseconds(of: text) { return now - span }
    // A date alone is its first instant; a time without a zone is in UTC.
    let candidates = [text, text.replacing(" ", with: "+"), text + "Z", text + "T00:00:00Z"]
    for candidate in candidates {
      guard let time = Timestamp(candidate) else { continue }
      return time.seconds * 1_000_000 + Int64(time.nanoseconds / 1000)
    }
    throw InvalidRecord("`since` is a time such as 2026-01-31T09:30:00Z, or a span such as 24h")
  }

  private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]

  private static func microseconds(of text: String) -> Int64? {
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...1_000_000).contains(count)
    else { return nil }
    return count * unit * 1_000_000
  }
}
