internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneStore

/// Reads the trace of a sandbox.
struct SandboxTraceRoutes: RouteGroup {
  let origins: TraceOrigins

  var routes: [Route] { [trace] }

  private var trace: Route {
    Route(
      .get, "/v1/sandboxes/{sandbox_id}/trace", access: .sandbox,
      RouteDescription(
        "traces", "The trace of a sandbox with its metrics.",
        answers: [.init(200, "The events and their metrics.", .json("SandboxTrace"))], errors: [.notFound])
    ) { request in
      let (id, workspace) = (request.parameter("sandbox_id"), request.caller.workspace)
      _ = try await origins.origin(of: id, for: request.caller)
      return .stream(type: "application/json") { writer in
        var filter = TraceFilter()
        filter.sandbox = id
        var metrics = TraceMetrics()
        var separator = "{\"events\":["
        for try await events in EventPages(store: origins.store, workspace: workspace, filter: filter) {
          var text: [UInt8] = []
          for event in events {
            metrics.add(event)
            text += Array(separator.utf8) + event.bytes
            separator = ","
          }
          try await writer.write(text)
        }
        let start = separator == "," ? "" : separator
        try await writer.write(Array("\(start)],\"metrics\":\(metrics.json.text)}".utf8))
      }
    }
  }

  var schemas: [String: JSONValue] {
    [
      "SandboxTrace": [
        "type": "object", "required": ["events", "metrics"],
        "properties": [
          "events": ["type": "array", "items": ["type": "object"]], "metrics": ["type": "object"],
        ],
      ]
    ]
  }
}

/// Knows what the events of a sandbox belong to: of those that live now, and of those that experiments had.
struct TraceOrigins: Sendable {
  let store: SQLiteStore
  let directory: SandboxDirectory

  /// What the events of a sandbox belong to.
  ///
  /// - Throws: ``APIError`` of code `notFound` when the caller has no such sandbox.
  func origin(of sandbox: String, for caller: Caller) async throws -> TraceOrigin {
    if let held = directory.sandbox(sandbox), held.facts.workspace == caller.workspace {
      let origin = TraceOrigin(
        workspace: caller.workspace, sandbox: sandbox, experiment: held.facts.experiment,
        snapshot: held.live?.snapshot?.manifest.id)
      if origin.experiment == nil || origin.snapshot != nil || held.live != nil { return origin }
      // Its scenario is being judged or is over; the result knows.
      return try await store.traceOrigin(ofSandbox: sandbox, in: caller.workspace) ?? origin
    }
    // Traces of a sandbox that is gone stay, and stragglers still come.
    guard let origin = try await store.traceOrigin(ofSandbox: sandbox, in: caller.workspace) else {
      throw APIError.noSuch("sandbox", sandbox)
    }
    return origin
  }
}

/// The events of a filter, page by page, so that any number of them takes the memory of one page.
struct EventPages: AsyncSequence, AsyncIteratorProtocol {
  let store: SQLiteStore
  let workspace: String
  let filter: TraceFilter
  private var last: Int64 = 0
  private var isDone = false

  init(store: SQLiteStore, workspace: String, filter: TraceFilter) {
    self.store = store
    self.workspace = workspace
    self.filter = filter
  }

  func makeAsyncIterator() -> EventPages { self }

  mutating func next() async throws -> [JSONValue]? {
    guard !isDone else { return nil }
    let events = try await store.traceEvents(in: workspace, filter, after: last, limit: 500)
    isDone = events.count < 500
    last = events.last?["id"]?.int ?? last
    return events.isEmpty ? nil : events
  }
}
