import KeystoneKit
import Testing

@testable import KeystoneRecords

/// What is kept of trace events, and what follows from them (http-api 7).
@Suite struct TraceTests {
  let now = "2026-01-01T00:00:00.000Z"

  func events(_ text: String) throws -> [TraceEvent] {
    try TraceBatch.events(JSONValue(parsing: "{\"events\":[\(text)]}"), now: now)
  }

  @Test func stampsEventsWithoutATime() throws {
    let found = try events(#"{"event_type":"eval","ts":""},{"event_type":"eval","tool":null}"#)
    #expect(found.map { $0.body["ts"] } == [.string(now), .string(now)])
    #expect(found[1].body["tool"] == nil)
  }

  @Test func readsTheTimesOfAllClients() throws {
    let found = try events(
      #"{"event_type":"a","ts":"2026-01-01T00:00:00.123456+00:00"},{"event_type":"a","ts":"2026-01-01T00:00:00.123Z"},"#
        + #"{"event_type":"a","ts":"2026-01-01T02:00:00.123456789+02:00"}"#)
    #expect(found.map(\.time) == [1_767_225_600_123_456, 1_767_225_600_123_000, 1_767_225_600_123_456])
  }

  @Test func keepsIntegersIntegral() throws {
    let event = try #require(
      try events(#"{"event_type":"llm_call","duration_ms":12.0,"cost":{"input_tokens":10.4,"model":"x"}}"#).first)
    #expect(event.body["duration_ms"] == .integer(12))
    #expect(event.body["cost"]?["input_tokens"] == .integer(10))
  }

  @Test(
    arguments: [
      (#"{"model":"claude-sonnet-4-6","input_tokens":1000,"output_tokens":500}"#, 0.0105),
      (#"{"model":"claude-sonnet-4-6","input_tokens":1000,"output_tokens":500,"cache_read_tokens":100}"#, 0.01023),
      (#"{"model":"gpt-4o-mini-2024-07-18","input_tokens":1000000,"output_tokens":0,"estimated_usd":0}"#, 0.15),
      (#"{"model":"nobody","input_tokens":1000,"output_tokens":500}"#, 0),
      (#"{"model":"claude-sonnet-4-6","input_tokens":1000,"output_tokens":500,"estimated_usd":7}"#, 7),
    ] as [(String, Double)])
  func pricesWhatTheClientDidNot(_ cost: String, _ dollars: Double) throws {
    let event = try #require(try events("{\"event_type\":\"llm_call\",\"cost\":\(cost)}").first)
    #expect(event.body["cost"]?["estimated_usd"]?.double == dollars)
  }

  @Test(
    arguments: [
      (#"{"event_type":"a"},{"event_type":3}"#, "events[1]: `event_type` is text"), ("7", "events[0]: an event is"),
      (#"{"event_type":"a","ts":"yesterday"}"#, "events[0]: `ts` is a time"), ("{}", "`event_type` is missing"),
      (#"{"event_type":"a","duration_ms":"x"}"#, "`duration_ms` is a whole number"),
      (#"{"event_type":"a","cost":[]}"#, "`cost` is an object"), (#"{"event_type":"a","metadata":1}"#, "`metadata`"),
    ])
  func refusesWrongEventsByTheirPlace(_ text: String, _ message: String) throws {
    let error = #expect(throws: InvalidRecord.self) { try events(text) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func refusesMoreThanAThousandEvents() throws {
    let one = #"{"event_type":"a"}"#
    #expect(try events(Array(repeating: one, count: 1000).joined(separator: ",")).count == 1000)
    #expect(throws: InvalidRecord.self) { try events(Array(repeating: one, count: 1001).joined(separator: ",")) }
  }

  @Test func findsTheTreeOfEventsWithoutARoot() throws {
    let found = try events(
      #"{"event_type":"llm_call","span_id":"a","root_span_id":"r"},{"event_type":"tool_use","span_id":"b","parent_span_id":"a"},"#
        + #"{"event_type":"tool_use","span_id":"c","parent_span_id":"elsewhere"},{"event_type":"tool_call"},{"event_type":"e","span_id":"d"}"#
    )
    #expect(found.map(\.trace) == ["r", "r", "elsewhere", nil, "d"])
  }

  func call(
    _ tool: String, _ phase: String, _ duration: Int64, type: String = "tool_call", status: String = "ok",
    span: String = ""
  )
    -> JSONValue
  {
    [
      "event_type": .string(type), "tool": .string(tool), "phase": .string(phase), "duration_ms": .integer(duration),
      "status": .string(status), "span_id": .string(span),
    ]
  }

  @Test func measuresAsTheContractsExampleDoes() {
    let metrics = TraceMetrics([100, 200, 300, 400].map { call("f", "end", $0) }).json
    #expect(metrics["mean_duration_ms"] == 250)
    #expect(metrics["p95_duration_ms"] == 385)
    #expect(metrics["total_tool_calls"] == 4)
    #expect(metrics["tool_success_rate"] == 1.0)
  }

  @Test func countsStartsRequestsAndRepeatsOnce() {
    let metrics = TraceMetrics([
      call("f", "start", 0, span: "1"), call("f", "end", 10, status: "error", span: "1"),
      call("f", "end", 10, status: "error", span: "1"), call("f", "invoked", 0, type: "tool_use", span: "2"),
      call("g", "invoked", 0, type: "tool_use", span: "3"), call("m", "complete", 99, type: "llm_call"),
    ]).json
    #expect(metrics["total_tool_calls"] == 2)
    #expect(metrics["tool_success_rate"] == 0.5)
    #expect(metrics["tool_breakdown"]?["f"] == ["count": 1, "mean_ms": 10, "error_rate": 1.0])
    #expect(metrics["tool_breakdown"]?["g"] == ["count": 1, "mean_ms": 0, "error_rate": 0.0])
  }

  @Test func nothingGivesZeroesAndAFullSuccessRate() {
    #expect(
      TraceMetrics().json == [
        "total_tool_calls": 0, "tool_success_rate": 1.0, "mean_duration_ms": 0, "p95_duration_ms": 0,
        "tool_breakdown": [:],
      ])
  }

  @Test func percentilesLieBetweenTheirNeighbours() {
    for count in 1...50 {
      let values = (0..<count).map { _ in Int64.random(in: 0...1000) }
      for share in [0, 0.3, 0.5, 0.95, 1] {
        let value = TraceMetrics.percentile(share, of: values)
        #expect(values.count { Double($0) <= value } >= 1 && value <= Double(values.max() ?? 0))
        #expect(Double(values.count { Double($0) < value }) <= share * Double(count - 1) + 1)
      }
    }
  }
}

/// Events joined to spans, and spans to trees.
@Suite struct SpanTests {
  func rows(_ texts: [String]) throws -> [JSONValue] {
    try texts.enumerated().map { index, text in
      var row = try JSONValue(parsing: text)
      row["id"] = .integer(Int64(index + 1))
      return row
    }
  }

  @Test func joinsStartAndEnd() throws {
    let spans = SpanRows.joining(
      try rows([
        #"{"event_type":"tool_call","phase":"start","tool":"f","span_id":"s","ts":"2026-01-01T00:00:00Z","input":"in"}"#,
        #"{"event_type":"tool_call","phase":"end","tool":"f","span_id":"s","ts":"2026-01-01T00:00:01Z","duration_ms":1000,"status":"ok"}"#,
      ]))
    #expect(spans.count == 1)
    #expect(spans[0]["input"] == "in" && spans[0]["status"] == "ok" && spans[0]["id"] == 1)
    #expect(spans[0]["ts"] == "2026-01-01T00:00:00Z" && spans[0]["end_ts"] == "2026-01-01T00:00:01Z")
  }

  @Test func pairsByToolAndTimeWithoutSpanIDs() throws {
    let spans = SpanRows.joining(
      try rows([
        #"{"event_type":"tool_call","phase":"start","tool":"f","ts":"2026-01-01T00:00:00Z","input":"slow"}"#,
        #"{"event_type":"tool_call","phase":"start","tool":"f","ts":"2026-01-01T00:00:02Z","input":"fast"}"#,
        #"{"event_type":"tool_call","phase":"start","tool":"g","ts":"2026-01-01T00:00:02Z"}"#,
        #"{"event_type":"tool_call","phase":"end","tool":"f","ts":"2026-01-01T00:00:03Z","duration_ms":1000,"output":"fast"}"#,
        #"{"event_type":"tool_call","phase":"end","tool":"f","ts":"2026-01-01T00:00:09Z","duration_ms":9000,"output":"slow"}"#,
        #"{"event_type":"tool_use","phase":"invoked","tool":"f","ts":"2026-01-01T00:00:09Z"}"#,
      ]))
    #expect(spans.map { $0["input"]?.string } == ["slow", "fast", nil, nil])
    #expect(spans.map { $0["output"]?.string } == ["slow", "fast", nil, nil])
  }

  @Test func anEndBeforeItsStartStillJoins() throws {
    let spans = SpanRows.joining(
      try rows([
        #"{"event_type":"tool_call","phase":"end","tool":"f","span_id":"s","ts":"2026-01-01T00:00:01Z","status":"error"}"#,
        #"{"event_type":"tool_call","phase":"start","tool":"f","span_id":"s","ts":"2026-01-01T00:00:00Z"}"#,
      ]))
    #expect(spans.map { $0["status"]?.string } == ["error"])
    #expect(spans.map { $0["ts"]?.string } == ["2026-01-01T00:00:00Z"])
  }

  @Test func treesHoldEverySpanOnceWhateverTheLinks() throws {
    for _ in 0..<200 {
      let count = Int.random(in: 1...12)
      let spans: [JSONValue] = (0..<count).map { index in
        ["span_id": .string("s\(index)"), "parent_span_id": .string("s\(Int.random(in: -1..<count))")]
      }
      var found: [String] = []
      func visit(_ span: JSONValue) {
        found.append(span["span_id"]?.string ?? "")
        for child in span["children"]?.array ?? [] { visit(child) }
      }
      for root in SpanTree.roots(of: spans) { visit(root) }
      #expect(found.sorted() == spans.compactMap { $0["span_id"]?.string }.sorted())
    }
  }
}
