internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneStore

/// Reads trace events: as they came, as spans, and as the trace of a workflow.
struct TraceReadingRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] { [list, spans, one] }

  private var list: Route {
    Route(
      .get, "/v1/traces",
      RouteDescription(
        "traces", "The events of a workspace in the order in which they came.",
        query: Page.parameters
          + Self.parameters(
            "experiment_id", "sandbox_id", "snapshot_id", "agent", "event_type", "tool")
          + [.init("since", "RFC 3339, or a span before now such as `24h`.")],
        answers: [.init(200, "A page of events.", .json("TracePage"))])
    ) { request in
      let page = try Page(request.query)
      let events = try await store.traceEvents(
        in: request.caller.workspace, try Self.filter(request.query), after: try Self.start(page), limit: page.limit + 1
      )
      let shown = Array(events.prefix(page.limit))
      let next = events.count > page.limit ? shown.last?["id"] : nil
      return Page.answer(shown, next: next.map { [$0] })
    }
  }

  private var spans: Route {
    Route(
      .get, "/v1/spans",
      RouteDescription(
        "traces", "The spans of a workspace, starts and ends joined, in the order in which they began to come.",
        query: Page.parameters
          + Self.parameters(
            "trace_id", "span_id", "parent_span_id", "root_span_id", "tool", "event_type", "experiment_id",
            "sandbox_id",
            "snapshot_id", "agent") + [.init("since", "RFC 3339, or a span before now such as `24h`.")],
        answers: [.init(200, "A page of spans.", .json("TracePage"))])
    ) { request in
      let page = try Page(request.query)
      let (spans, next) = try await store.spans(
        in: request.caller.workspace, try Self.filter(request.query), after: try Self.start(page), limit: page.limit)
      return Page.answer(spans, next: next.map { [.integer($0)] })
    }
  }

  /// A trace that is larger is answered in part, and says so.
  private static let largestTrace = 20_000

  private var one: Route {
    Route(
      .get, "/v1/traces/{trace_id}",
      RouteDescription(
        "traces", "All spans of one trace, which its root span's id names.",
        answers: [.init(200, "The spans, flat and as a tree.", .json("Trace"))], errors: [.notFound])
    ) { request in
      let id = request.parameter("trace_id")
      let events = try await store.events(
        ofTrace: id, in: request.caller.workspace, limit: Self.largestTrace + 1)
      guard !events.isEmpty else { throw APIError.noSuch("trace", id) }
      let spans = SpanRows.joining(Array(events.prefix(Self.largestTrace)))
      return .json([
        "trace_id": .string(id), "spans": .array(spans), "tree": .array(SpanTree.roots(of: spans)),
        "metrics": TraceMetrics(events).json, "truncated": .bool(events.count > Self.largestTrace),
      ])
    }
  }

  private static func parameters(_ names: String...) -> [RouteDescription.Parameter] {
    names.map { .init($0, "Only those with exactly this value.") }
  }

  private static func filter(_ query: Query) throws -> TraceFilter {
    var filter = TraceFilter()
    filter.experiment = query["experiment_id"]
    filter.sandbox = query["sandbox_id"]
    filter.snapshot = query["snapshot_id"]
    filter.agent = query["agent"]
    filter.type = query["event_type"]
    filter.tool = query["tool"]
    filter.trace = query["trace_id"] ?? query["root_span_id"]
    filter.span = query["span_id"]
    filter.parent = query["parent_span_id"]
    filter.since = try query["since"].map { try TraceFilter.time($0, now: InstantText.now() * 1000) }
    return filter
  }

  static func start(_ page: Page) throws -> Int64 {
    guard let key = page.after else { return 0 }
    guard let id = key.first?.int, key.count == 1, id >= 0 else {
      throw APIError(.invalid, "The cursor is none of this list's; leave it out to begin anew.")
    }
    return id
  }

  var schemas: [String: JSONValue] {
    let rows: JSONValue = ["type": "array", "items": ["type": "object"]]
    return [
      "TracePage": [
        "type": "object", "required": ["items", "count"],
        "properties": ["items": rows, "count": ["type": "integer"], "next_cursor": ["type": ["string", "null"]]],
      ],
      "Trace": [
        "type": "object", "required": ["trace_id", "spans", "tree"],
        "properties": ["trace_id": ["type": "string"], "spans": rows, "tree": rows, "truncated": ["type": "boolean"]],
      ],
    ]
  }
}
