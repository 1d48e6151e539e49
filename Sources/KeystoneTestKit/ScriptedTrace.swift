public import KeystoneKit

/// A trace that a test writes: what an agent is supposed to have reported of itself, in order.
///
/// ```swift
/// let trace = ScriptedTrace.records(.model("gpt-4o", inputTokens: 10, outputTokens: 2), .tool("search", status: "error"))
/// ```
public struct ScriptedTrace: Sendable {
  private var record: TraceRecord

  /// Any event.
  public init(_ record: TraceRecord) { self.record = record }

  /// A tool that was called.
  public static func tool(
    _ name: String, input: String? = nil, output: String? = nil, status: String = "ok", milliseconds: Int64 = 1
  ) -> ScriptedTrace {
    var record = TraceRecord(timestamp: "", event: "tool_call", tool: name)
    (record.input, record.output, record.status) = (input, output, status)
    record.durationMilliseconds = milliseconds
    return ScriptedTrace(record)
  }

  /// A model that was asked.
  public static func model(_ name: String, inputTokens: Int64, outputTokens: Int64) -> ScriptedTrace {
    var record = TraceRecord(timestamp: "", event: "llm_call")
    record.status = "ok"
    record.cost = [
      "model": .string(name), "input_tokens": .integer(inputTokens), "output_tokens": .integer(outputTokens),
    ]
    return ScriptedTrace(record)
  }

  /// The records that these events make, a second apart where they say no time themselves.
  public static func records(_ events: ScriptedTrace...) -> [TraceRecord] {
    events.enumerated().map { index, event in
      var record = event.record
      if record.timestamp.isEmpty { record.timestamp = "2026-01-01T00:\(two(index / 60)):\(two(index % 60))Z" }
      if record.span == nil { record.span = "span-\(index + 1)" }
      return record
    }
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
