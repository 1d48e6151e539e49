public import KeystoneKit

/// A trace export of OpenTelemetry, as trace events.
///
/// A span becomes one event of phase `complete`. What it is follows from the `gen_ai.*` attributes: a model's call
/// (`llm_call`), a tool's (`tool_call`), else `span`. All attributes stand in `metadata` under their own names.
public enum OTLPExport {
  /// The spans of a request in OTLP/HTTP JSON.
  public static func events(json: JSONValue, now: String) throws(InvalidRecord) -> [TraceEvent] {
    guard json.object != nil else { throw InvalidRecord("send an OTLP trace export: an object with `resourceSpans`") }
    var events: [TraceEvent] = []
    for resource in json["resourceSpans"]?.array ?? [] {
      let facts = OTLPAttributes.json(resource["resource"]?["attributes"])
      for scope in (resource["scopeSpans"] ?? resource["instrumentationLibrarySpans"])?.array ?? [] {
        for span in scope["spans"]?.array ?? [] {
          events.append(try event(OTLPSpan(span, resource: facts, scope: scope["scope"]), now))
        }
      }
    }
    return events
  }

  /// The spans of a request in OTLP/HTTP Protocol Buffers.
  public static func events(protobuf: [UInt8], now: String) throws(InvalidRecord) -> [TraceEvent] {
    try events(json: OTLPMessage.read(protobuf[...], as: OTLPMessage.export), now: now)
  }

  private static func event(_ span: OTLPSpan, _ now: String) throws(InvalidRecord) -> TraceEvent {
    var event = try TraceEvent(span.json, now: now)
    // The whole trace is one tree even where its root comes in another request, or never.
    event.trace = span.traceID ?? event.trace
    return event
  }
}

/// Attributes as plain JSON.
enum OTLPAttributes {
  static func json(_ list: JSONValue?) -> [String: JSONValue] {
    var attributes: [String: JSONValue] = [:]
    for pair in list?.array ?? [] {
      if let key = pair["key"]?.string { attributes[key] = value(pair["value"]) }
    }
    return attributes
  }

  private static func value(_ value: JSONValue?) -> JSONValue {
    guard let (kind, content) = value?.object?.first else { return .null }
    switch kind {
    case "intValue": return content.int.map { .integer($0) } ?? .null
    case "doubleValue": return content.double.map { .number($0) } ?? content
    case "arrayValue": return .array((content["values"]?.array ?? []).map { Self.value($0) })
    case "kvlistValue": return .object(json(content["values"]))
    default: return content
    }
  }
}
