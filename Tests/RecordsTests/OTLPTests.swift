import KeystoneKit
import Testing

@testable import KeystoneRecords

/// Trace exports of OpenTelemetry in both encodings.
@Suite struct OTLPTests {
  let now = "2026-01-01T00:00:00.000Z"

  let export = """
    {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bot"}}]},"scopeSpans":[{
    "scope":{"name":"lib"},"spans":[
    {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"run","kind":1,
     "startTimeUnixNano":"1767225600123456789","endTimeUnixNano":"1767225601123456789","attributes":[]},
    {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b175","parentSpanId":"eee19b7ec3c1b174",
     "name":"chat","startTimeUnixNano":"1767225600123456789","endTimeUnixNano":"1767225600623456789","attributes":[
      {"key":"gen_ai.system","value":{"stringValue":"openai"}},
      {"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},
      {"key":"gen_ai.usage.input_tokens","value":{"intValue":"1000"}},
      {"key":"gen_ai.usage.output_tokens","value":{"intValue":500}},
      {"key":"x","value":{"arrayValue":{"values":[{"boolValue":true},{"doubleValue":0.5}]}}}],
     "status":{"code":2,"message":"boom"}}]}]}]}
    """

  @Test func readsJSON() throws {
    let events = try OTLPExport.events(json: JSONValue(parsing: export), now: now)
    #expect(events.map(\.type) == ["span", "llm_call"])
    #expect(events.map(\.trace) == Array(repeating: "5b8efff798038103d269b633813fc60c", count: 2))
    #expect(events.map(\.agent) == ["bot", "bot"])
    let call = events[1].body
    #expect(call["tool"] == "openai.create" && call["status"] == "error" && call["error_type"] == "boom")
    #expect(call["duration_ms"] == 500 && call["ts"] == "2026-01-01T00:00:00.123456789Z")
    #expect(call["cost"]?["estimated_usd"]?.double == 0.0075)
    #expect(call["metadata"]?["gen_ai.usage.input_tokens"] == 1000)
    #expect(call["metadata"]?["x"] == [true, 0.5])
    #expect(call["parent_span_id"] == "eee19b7ec3c1b174")
  }

  @Test func readsTheSameFromProtocolBuffers() throws {
    let text = try JSONValue(parsing: export)
    let bytes = OTLPWriter.export(text)
    let fromBytes = try OTLPExport.events(protobuf: bytes, now: now)
    #expect(fromBytes == (try OTLPExport.events(json: text, now: now)))
  }

  @Test func brokenMessagesAreRefusedAndNeverTrap() throws {
    let bytes = OTLPWriter.export(try JSONValue(parsing: export))
    for count in 0..<bytes.count { _ = try? OTLPExport.events(protobuf: Array(bytes.prefix(count)), now: now) }
    for _ in 0..<2000 {
      var damaged = bytes
      damaged[Int.random(in: damaged.indices)] = .random(in: 0...255)
      _ = try? OTLPExport.events(protobuf: damaged, now: now)
    }
    let deep = (0..<200).reduce([UInt8]()) { inner, _ in OTLPWriter.bytes(5, OTLPWriter.bytes(1, inner)) }
    let attribute = OTLPWriter.bytes(9, OTLPWriter.bytes(1, Array("k".utf8)) + OTLPWriter.bytes(2, deep))
    let request = OTLPWriter.bytes(1, OTLPWriter.bytes(2, OTLPWriter.bytes(2, attribute)))
    #expect(throws: InvalidRecord.self) { try OTLPExport.events(protobuf: request, now: now) }
  }
}

/// Writes the wire format by hand, independently of what reads it.
private enum OTLPWriter {
  static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
  }
  static func bytes(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
    varint(field << 3 | 2) + varint(UInt64(content.count)) + content
  }
  static func text(_ field: UInt64, _ text: String?) -> [UInt8] { text.map { bytes(field, Array($0.utf8)) } ?? [] }
  static func number(_ field: UInt64, _ value: Int64) -> [UInt8] {
    varint(field << 3) + varint(UInt64(bitPattern: value))
  }
  static func fixed(_ field: UInt64, _ value: UInt64) -> [UInt8] {
    varint(field << 3 | 1) + (0..<8).map { UInt8(value >> ($0 * 8) & 0xFF) }
  }
  static func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  static func export(_ json: JSONValue) -> [UInt8] {
    (json["resourceSpans"]?.array ?? []).flatMap { resource in
      bytes(
        1,
        bytes(1, attributes(1, resource["resource"]?["attributes"]))
          + (resource["scopeSpans"]?.array ?? []).flatMap { scope in
            bytes(
              2,
              bytes(1, text(1, scope["scope"]?["name"]?.string))
                + (scope["spans"]?.array ?? []).flatMap { bytes(2, span($0)) })
          })
    }
  }
  static func span(_ span: JSONValue) -> [UInt8] {
    var result = bytes(1, hex(span["traceId"]?.string ?? "")) + bytes(2, hex(span["spanId"]?.string ?? ""))
    if let parent = span["parentSpanId"]?.string { result += bytes(4, hex(parent)) }
    result += text(5, span["name"]?.string)
    if let kind = span["kind"]?.int { result += number(6, kind) }
    result +=
      fixed(7, UInt64(span["startTimeUnixNano"]?.int ?? 0)) + fixed(8, UInt64(span["endTimeUnixNano"]?.int ?? 0))
    result += attributes(9, span["attributes"])
    if let status = span["status"] {
      result += bytes(15, text(2, status["message"]?.string) + number(3, status["code"]?.int ?? 0))
    }
    return result + varint(16 << 3 | 5) + [1, 0, 0, 0]
  }
  static func attributes(_ field: UInt64, _ list: JSONValue?) -> [UInt8] {
    (list?.array ?? []).flatMap { bytes(field, text(1, $0["key"]?.string) + bytes(2, value($0["value"] ?? .null))) }
  }
  static func value(_ value: JSONValue) -> [UInt8] {
    if let text = value["stringValue"]?.string { return self.text(1, text) }
    if let flag = value["boolValue"]?.bool { return number(2, flag ? 1 : 0) }
    if let count = value["intValue"]?.int { return number(3, count) }
    if let double = value["doubleValue"]?.double { return fixed(4, double.bitPattern) }
    return bytes(5, (value["arrayValue"]?["values"]?.array ?? []).flatMap { bytes(1, self.value($0)) })
  }
}
