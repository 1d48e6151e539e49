public import KeystoneKit

/// The metrics of a trajectory (http-api 7.5).
///
/// - A *call* of a tool is an event of type `tool_call` or `tool_use` that is no `start`; an event that arrives twice
///   (same span, type and phase) counts once.
/// - What a model asked for (`tool_use`) and what the agent executed (`tool_call`) may be one action told twice:
///   the number of calls of a tool is the larger of both numbers.
/// - `tool_success_rate`: calls without `status: error` over calls; 1 when there are none.
/// - `mean_duration_ms`, `p95_duration_ms`: over executions, and over requests that carry a duration; the percentile
///   interpolates between the neighbours of rank 0.95 × (n − 1); 0 when there are none.
/// - Model calls count for tokens and dollars only.
public struct TraceMetrics: Sendable {
  struct Tool {
    var requests = 0
    var executions = 0
    var requestErrors = 0
    var executionErrors = 0
    var durations: [Int64] = []

    var calls: Int { max(requests, executions) }
    var errors: Int { min(calls, max(requestErrors, executionErrors)) }
  }

  private(set) var tools: [String: Tool] = [:]
  /// The tokens that models read.
  public private(set) var inputTokens: Int64 = 0
  /// The tokens that models wrote.
  public private(set) var outputTokens: Int64 = 0
  /// What the models cost, in USD.
  public private(set) var dollars = 0.0
  /// The models, in order of their names.
  public var models: [String] { seenModels.sorted() }
  private var seenModels: Set<String> = []
  private var seen: Set<String> = []

  /// Metrics of nothing yet.
  public init() {}

  /// Metrics of the events of a trajectory.
  public init(_ events: some Sequence<JSONValue>) {
    for event in events { add(event) }
  }

  /// Counts one more event.
  public mutating func add(_ event: JSONValue) {
    let (type, phase) = (event["event_type"]?.string ?? "", event["phase"]?.string ?? "")
    guard phase != "start" else { return }
    if let span = event["span_id"]?.string, !span.isEmpty, !seen.insert("\(span)\n\(type)\n\(phase)").inserted {
      return
    }
    switch type {
    case "tool_call", "tool_use": addCall(event, isRequest: type == "tool_use")
    case "llm_call": addCost(event["cost"])
    default: break
    }
  }

  private mutating func addCall(_ event: JSONValue, isRequest: Bool) {
    let duration = event["duration_ms"]?.int ?? 0
    let failed = event["status"]?.string == "error" ? 1 : 0
    var tool = tools.removeValue(forKey: event["tool"]?.string ?? "") ?? Tool()
    if isRequest {
      tool.requests += 1
      tool.requestErrors += failed
    } else {
      tool.executions += 1
      tool.executionErrors += failed
    }
    if !isRequest || duration > 0 { tool.durations.append(duration) }
    tools[event["tool"]?.string ?? ""] = tool
  }

  private mutating func addCost(_ cost: JSONValue?) {
    inputTokens += cost?["input_tokens"]?.int ?? 0
    outputTokens += cost?["output_tokens"]?.int ?? 0
    dollars += cost?["estimated_usd"]?.double ?? 0
    if let model = cost?["model"]?.string, !model.isEmpty { seenModels.insert(model) }
  }

  /// How many tools were called.
  public var toolCalls: Int { tools.values.reduce(0) { $0 + $1.calls } }

  /// How many of the calls succeeded.
  public var successfulCalls: Int { tools.values.reduce(0) { $0 + $1.calls - $1.errors } }

  /// The object that clients read.
  public var json: JSONValue {
    let durations = tools.values.flatMap(\.durations)
    let calls = toolCalls
    return [
      "total_tool_calls": .integer(Int64(calls)),
      "tool_success_rate": .number(calls == 0 ? 1 : Double(successfulCalls) / Double(calls)),
      "mean_duration_ms": .integer(Self.mean(durations)),
      "p95_duration_ms": .integer(Int64(Self.percentile(0.95, of: durations).rounded())),
      "tool_breakdown": .object(tools.mapValues(\.json)),
    ]
  }

  static func mean(_ values: [Int64]) -> Int64 {
    values.isEmpty ? 0 : Int64((values.reduce(0) { $0 + Double($1) } / Double(values.count)).rounded())
  }

  /// The value of rank `share` × (n − 1), between its neighbours; 0 for no values.
  public static func percentile(_ share: Double, of values: [Int64]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let rank = share * Double(sorted.count - 1)
    let (low, high) = (Int(rank.rounded(.down)), Int(rank.rounded(.up)))
    return Double(sorted[low]) + (Double(sorted[high]) - Double(sorted[low])) * (rank - Double(low))
  }
}

extension TraceMetrics.Tool {
  var json: JSONValue {
    [
      "count": .integer(Int64(calls)), "mean_ms": .integer(TraceMetrics.mean(durations)),
      "error_rate": .number(calls == 0 ? 0 : Double(errors) / Double(calls)),
    ]
  }
}
