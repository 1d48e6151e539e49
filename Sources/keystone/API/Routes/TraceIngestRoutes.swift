internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneStore

/// Takes trace events: of a sandbox, of an agent anywhere, and of OpenTelemetry.
///
/// An answer means that the events are on the disk.
struct TraceIngestRoutes: RouteGroup {
  let origins: TraceOrigins
  let behaviors: BehaviorWatch?

  private var store: SQLiteStore { origins.store }

  var routes: [Route] { [fromSandbox, fromAgent, fromOpenTelemetry] }

  private static let answers: [RouteDescription.Answer] = [
    .init(200, "How many events were taken; they are on the disk.", .json("Ingested"))
  ]

  private var fromSandbox: Route {
    Route(
      .post, "/v1/sandboxes/{sandbox_id}/trace", access: .sandbox,
      RouteDescription(
        "traces", "Takes trace events of a sandbox.", body: .json("TraceBatch"), answers: Self.answers,
        errors: [.notFound])
    ) { request in
      let id = request.parameter("sandbox_id")
      let origin = try await origins.origin(of: id, for: request.caller)
      return try await ingest(try TraceBatch.events(try await request.json(), now: UTCClock.now()), of: origin)
    }
  }

  private var fromAgent: Route {
    Route(
      .post, "/v1/traces", access: .sandbox,
      RouteDescription(
        "traces", "Takes trace events of an agent outside of sandboxes.", body: .json("TraceBatch"),
        answers: Self.answers)
    ) { request in
      let events = try TraceBatch.events(try await request.json(), now: UTCClock.now())
      return try await ingest(events, of: try await origin(of: request.caller))
    }
  }

  private var fromOpenTelemetry: Route {
    Route(
      .post, "/otel/v1/traces", access: .sandbox,
      RouteDescription(
        "traces", "Takes a trace export of OpenTelemetry, as OTLP/HTTP JSON or Protocol Buffers.",
        body: .json("AnyObject"),
        answers: [.init(200, "The spans are on the disk.", .json("AnyObject"))])
    ) { request in
      let isProtobuf = request.header("content-type")?.hasPrefix("application/x-protobuf") == true
      let events = try await events(of: request, isProtobuf: isProtobuf)
      let origin = try await origin(of: request.caller)
      for start in stride(from: 0, to: events.count, by: TraceBatch.largest) {
        let batch = Array(events[start..<min(events.count, start + TraceBatch.largest)])
        try await store.append(batch, of: origin)
      }
      // An empty message of Protocol Buffers has no bytes.
      guard isProtobuf else { return .json(["partialSuccess": [:]]) }
      return APIResponse(status: 200, headers: [("content-type", "application/x-protobuf")], body: .bytes([]))
    }
  }

  private func events(of request: APIRequest, isProtobuf: Bool) async throws -> [TraceEvent] {
    var bytes = try await request.bytes()
    if request.header("content-encoding") == "gzip" {
      bytes = try Gunzip.all(bytes, upTo: APIRequest.largestBody)
    }
    let now = UTCClock.now()
    return isProtobuf
      ? try OTLPExport.events(protobuf: bytes, now: now)
      : try OTLPExport.events(json: try JSONValue(parsing: bytes), now: now)
  }

  /// What events without a sandbox in their path belong to: the sandbox whose token was sent, else nothing.
  private func origin(of caller: Caller) async throws -> TraceOrigin {
    guard let sandbox = caller.sandbox else { return TraceOrigin(workspace: caller.workspace) }
    return try await origins.origin(of: sandbox, for: caller)
  }

  private func ingest(_ events: [TraceEvent], of origin: TraceOrigin) async throws -> APIResponse {
    try await store.append(events, of: origin)
    behaviors?.ingested(events, in: origin.workspace)
    return .json(["ingested": .integer(Int64(events.count))])
  }

  var schemas: [String: JSONValue] {
    [
      "TraceBatch": [
        "type": "object", "required": ["events"],
        "properties": [
          "events": ["type": "array", "maxItems": 1000, "items": ["$ref": "#/components/schemas/TraceEvent"]]
        ],
      ],
      "TraceEvent": [
        "type": "object", "required": ["event_type"],
        "properties": [
          "ts": ["type": ["string", "null"], "description": "RFC 3339; now when absent."],
          "event_type": ["type": "string", "minLength": 1], "tool": ["type": ["string", "null"]],
          "phase": ["type": ["string", "null"]], "span_id": ["type": ["string", "null"]],
          "parent_span_id": ["type": ["string", "null"]], "root_span_id": ["type": ["string", "null"]],
          "duration_ms": ["type": ["number", "null"]], "status": ["type": ["string", "null"]],
          "input": ["type": ["string", "null"]], "output": ["type": ["string", "null"]],
          "metadata": ["type": ["object", "null"]], "cost": ["type": ["object", "null"]],
        ],
      ],
      "Ingested": ["type": "object", "required": ["ingested"], "properties": ["ingested": ["type": "integer"]]],
    ]
  }
}
