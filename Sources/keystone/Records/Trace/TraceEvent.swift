internal import KeystoneExperiment
public import KeystoneKit
internal import KeystoneSpec

/// One event of an agent's trajectory as it is kept: the event itself, and what lists ask for (http-api 7.2).
public struct TraceEvent: Sendable, Hashable {
  /// When it happened, in microseconds since 1970-01-01T00:00:00Z.
  public var time: Int64
  /// The kind, such as `tool_call`.
  public var type: String
  /// The tool, or the provider of a model.
  public var tool: String?
  /// The agent, when the event names one.
  public var agent: String?
  /// The span it belongs to.
  public var span: String?
  /// The span around that one.
  public var parent: String?
  /// The root of the tree it belongs to, as far as it is known when it arrives.
  public var trace: String?
  /// The event as a JSON object with `ts`, integers as integers, and no member that is null.
  public var body: JSONValue

  /// Checks and completes what a client sent.
  ///
  /// A missing or empty `ts` becomes `now`; a `cost` without dollars is priced by the longest match (http-api 22).
  ///
  /// - Throws: ``InvalidRecord`` without the place of the event.
  public init(_ value: JSONValue, now: String) throws(InvalidRecord) {
    guard case .object(var members) = value else { throw InvalidRecord("an event is an object, not \(value.kind)") }
    for (name, member) in members where member == .null { members[name] = nil }
    if members["ts"]?.string?.isEmpty ?? true { members["ts"] = .string(now) }
    guard let text = members["ts"]?.string, let time = Timestamp(text) else {
      throw InvalidRecord("`ts` is a time such as 2026-01-31T09:30:00.5Z (RFC 3339)")
    }
    for name in Self.texts where members[name] != nil && members[name]?.string == nil {
      throw InvalidRecord("`\(name)` is text")
    }
    guard let type = members["event_type"]?.string, !type.isEmpty else {
      throw InvalidRecord("`event_type` is missing; send one such as tool_call")
    }
    for name in Self.counts { try Self.makeWhole(name, in: &members) }
    try Self.complete(cost: &members)
    if let metadata = members["metadata"], metadata.object == nil { throw InvalidRecord("`metadata` is an object") }
    self.time = time.seconds &* 1_000_000 &+ Int64(time.nanoseconds / 1000)
    self.type = type
    tool = Self.named("tool", members)
    agent = Self.named("agent", members) ?? members["metadata"]?["gen_ai.agent.name"]?.string
    span = Self.named("span_id", members)
    parent = Self.named("parent_span_id", members)
    trace = Self.named("root_span_id", members)
    body = .object(members)
  }

  private static let texts = [
    "tool", "phase", "span_id", "parent_span_id", "root_span_id", "status", "error_type", "input", "output", "expected",
    "agent", "event_type",
  ]
  private static let counts = ["duration_ms", "input_bytes", "output_bytes"]

  private static func named(_ name: String, _ members: [String: JSONValue]) -> String? {
    guard let text = members[name]?.string, !text.isEmpty else { return nil }
    return text
  }

  /// Rounds a number that clients read back as an integer.
  private static func makeWhole(_ name: String, in members: inout [String: JSONValue]) throws(InvalidRecord) {
    guard let value = members[name] else { return }
    guard let number = value.double, number.magnitude < 1e15 else {
      throw InvalidRecord("`\(name)` is a whole number below 10^15")
    }
    if case .integer = value { return }
    members[name] = .integer(Int64(number.rounded()))
  }

  private static func complete(cost members: inout [String: JSONValue]) throws(InvalidRecord) {
    guard let value = members["cost"] else { return }
    guard var cost = value.object else { throw InvalidRecord("`cost` is an object") }
    for (name, member) in cost where member == .null { cost[name] = nil }
    for name in ["input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens"] {
      try makeWhole(name, in: &cost)
    }
    if let dollars = cost["estimated_usd"], dollars.double == nil {
      throw InvalidRecord("`cost.estimated_usd` is a number")
    }
    if let model = cost["model"], model.string == nil { throw InvalidRecord("`cost.model` is text") }
    if (cost["estimated_usd"]?.double ?? 0) == 0 { cost["estimated_usd"] = .number(price(of: cost)) }
    members["cost"] = .object(cost)
  }

  private static func price(of cost: [String: JSONValue]) -> Double {
    Pricing.dollars(
      Usage(
        model: cost["model"]?.string ?? "", inputTokens: Int(cost["input_tokens"]?.int ?? 0),
        outputTokens: Int(cost["output_tokens"]?.int ?? 0), cachedTokens: Int(cost["cache_read_tokens"]?.int ?? 0)))
  }
}
