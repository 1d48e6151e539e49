/// One event that the agent, or its SDK, reported of what it did: a model that was asked, a tool that was called.
///
/// It says what the agent told, which may be wrong or missing; what the host saw itself is in the audit log.
public struct TraceRecord: Codable, Sendable, Hashable {
  /// When, RFC 3339 by the agent's clock.
  public var timestamp: String
  /// What kind of event it is, such as `tool_call`, `tool_use` or `llm_call`.
  public var event: String
  /// The tool that was called, or the provider of a model.
  public var tool: String?
  /// `start` or `end` for the two ends of a span; `nil` for an event that is both.
  public var phase: String?
  /// The span it belongs to.
  public var span: String?
  /// The span around that one.
  public var parentSpan: String?
  /// `ok` or `error`.
  public var status: String?
  /// How long it took, in milliseconds.
  public var durationMilliseconds: Int64?
  /// What the tool was given, as text.
  public var input: String?
  /// What the tool answered, as text.
  public var output: String?
  /// Tokens, model and dollars of a model call.
  public var cost: JSONValue?
  /// What else the agent said.
  public var metadata: JSONValue?

  enum CodingKeys: String, CodingKey {
    case tool, phase, status, input, output, cost, metadata
    case timestamp = "ts"
    case event = "event_type"
    case span = "span_id"
    case parentSpan = "parent_span_id"
    case durationMilliseconds = "duration_ms"
  }

  /// An event of that kind; the rest can be set.
  public init(timestamp: String, event: String, tool: String? = nil) {
    self.timestamp = timestamp
    self.event = event
    self.tool = tool
  }
}
