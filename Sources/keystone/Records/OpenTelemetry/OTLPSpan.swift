import KeystoneKit

/// One span of OTLP, read as an event.
struct OTLPSpan {
  private let span: JSONValue
  private let attributes: [String: JSONValue]
  private let resource: [String: JSONValue]
  private let scope: JSONValue?

  init(_ span: JSONValue, resource: [String: JSONValue], scope: JSONValue?) {
    self.span = span
    self.resource = resource
    self.scope = scope
    attributes = OTLPAttributes.json(span["attributes"])
  }

  var traceID: String? { text(span["traceId"]) }

  /// The event (http-api 7.2).
  var json: JSONValue {
    var event: [String: JSONValue] = [
      "event_type": .string(type), "phase": "complete", "tool": .string(tool),
      "duration_ms": .integer(max(0, end - start) / 1_000_000),
      "status": span["status"]?["code"]?.int == 2 || span["status"]?["code"] == "STATUS_CODE_ERROR" ? "error" : "ok",
      "metadata": .object(metadata),
    ]
    if start > 0 { event["ts"] = .string(InstantText.of(nanoseconds: start)) }
    event["span_id"] = text(span["spanId"]).map { .string($0) }
    event["parent_span_id"] = text(span["parentSpanId"]).map { .string($0) }
    if event["parent_span_id"] == nil { event["root_span_id"] = event["span_id"] }
    event["agent"] = (first("gen_ai.agent.name") ?? text(resource["service.name"])).map { .string($0) }
    event["error_type"] = (first("error.type") ?? text(span["status"]?["message"])).map { .string($0) }
    event["input"] = content("gen_ai.input.messages", "gen_ai.prompt", "gen_ai.tool.call.arguments", "input.value")
    event["output"] = content(
      "gen_ai.output.messages", "gen_ai.completion", "gen_ai.tool.call.result", "output.value")
    if type == "llm_call" { event["cost"] = cost }
    return .object(event)
  }

  private var start: Int64 { max(0, span["startTimeUnixNano"]?.int ?? 0) }
  private var end: Int64 { max(0, span["endTimeUnixNano"]?.int ?? start) }
  private var name: String { text(span["name"]) ?? "span" }

  private var type: String {
    let operation = first("gen_ai.operation.name")
    if attributes["gen_ai.tool.name"] != nil || operation == "execute_tool" || kind == "TOOL" { return "tool_call" }
    let isModel = attributes.keys.contains { $0 == "gen_ai.request.model" || $0.hasPrefix("gen_ai.usage.") }
    return isModel || kind == "LLM" || operation == "chat" ? "llm_call" : "span"
  }

  /// The kind that OpenInference instrumentations declare.
  private var kind: String? { first("openinference.span.kind") }

  private var tool: String {
    switch type {
    case "tool_call": first("gen_ai.tool.name", "tool.name") ?? name
    case "llm_call": first("gen_ai.provider.name", "gen_ai.system").map { "\($0).create" } ?? name
    default: name
    }
  }

  private var cost: JSONValue {
    var cost: [String: JSONValue] = [
      "input_tokens": .integer(
        count("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")),
      "output_tokens": .integer(
        count("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion")),
      "model": .string(first("gen_ai.response.model", "gen_ai.request.model", "llm.model_name") ?? ""),
      "estimated_usd": 0,
    ]
    let cached = count("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
    if cached > 0 { cost["cache_read_tokens"] = .integer(cached) }
    return .object(cost)
  }

  private var metadata: [String: JSONValue] {
    var metadata = attributes
    metadata["otel.name"] = .string(name)
    metadata["otel.trace_id"] = traceID.map { .string($0) }
    metadata["otel.span_kind"] = span["kind"]
    metadata["otel.scope"] = scope?["name"]
    metadata["otel.events"] = span["events"]
    if !resource.isEmpty { metadata["otel.resource"] = .object(resource) }
    return metadata
  }

  private func text(_ value: JSONValue?) -> String? {
    guard let text = value?.string, !text.isEmpty else { return nil }
    return text
  }

  private func first(_ names: String...) -> String? { names.lazy.compactMap { text(attributes[$0]) }.first }

  private func count(_ names: String...) -> Int64 { names.lazy.compactMap { attributes[$0]?.int }.first ?? 0 }

  /// The first of these attributes as text, other values than text as JSON.
  private func content(_ names: String...) -> JSONValue? {
    names.lazy.compactMap { attributes[$0] }.first.map { .string($0.string ?? $0.text) }
  }
}
