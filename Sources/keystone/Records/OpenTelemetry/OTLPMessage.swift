internal import KeystoneKit

/// The messages of OTLP's trace export (opentelemetry-proto 1.x), read into the shape that OTLP/HTTP JSON has, so that
/// both encodings are understood by one rule.
enum OTLPMessage {
  enum Kind {
    case text, hex, base64, flag, integer, time, double
    case message(@Sendable () -> Fields)
  }

  struct Field {
    var name: String
    var kind: Kind
    var isRepeated = false
  }

  typealias Fields = [UInt64: Field]

  /// Messages are nested this deep at most; OTLP itself needs seven levels, and two for each level of a value.
  private static let deepest = 64

  static func read(_ bytes: ArraySlice<UInt8>, as fields: Fields, depth: Int = 0) throws(InvalidRecord) -> JSONValue {
    guard depth < deepest else { throw InvalidRecord("the message is nested too deeply") }
    var members: [String: JSONValue] = [:]
    var lists: [String: [JSONValue]] = [:]
    var reader = ProtobufReader(bytes)
    while let (number, value) = try reader.field() {
      guard let field = fields[number], let json = try json(value, field.kind, depth) else { continue }
      if field.isRepeated { lists[field.name, default: []].append(json) } else { members[field.name] = json }
    }
    for (name, list) in lists { members[name] = .array(list) }
    return .object(members)
  }

  private static func json(
    _ value: ProtobufReader.Value, _ kind: Kind, _ depth: Int
  ) throws(InvalidRecord) -> JSONValue? {
    switch (kind, value) {
    case (.text, .bytes(let bytes)): .string(String(decoding: bytes, as: UTF8.self))
    case (.hex, .bytes(let bytes)): .string(hex(bytes))
    case (.base64, .bytes(let bytes)): .string(Base64.encode(Array(bytes)))
    case (.flag, .number(let number)): .bool(number != 0)
    case (.integer, .number(let number)): .integer(Int64(bitPattern: number))
    case (.time, .fixed64(let number)): .string(String(number))
    case (.double, .fixed64(let number)): .number(Double(bitPattern: number))
    case (.message(let fields), .bytes(let bytes)): try read(bytes, as: fields(), depth: depth + 1)
    default: nil
    }
  }

  private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension OTLPMessage {
  static let export: Fields = [1: Field(name: "resourceSpans", kind: .message { resourceSpans }, isRepeated: true)]

  private static let resourceSpans: Fields = [
    1: Field(name: "resource", kind: .message { resource }),
    2: Field(name: "scopeSpans", kind: .message { scopeSpans }, isRepeated: true),
  ]
  private static let resource: Fields = [1: attributes]
  private static let scopeSpans: Fields = [
    1: Field(name: "scope", kind: .message { scope }),
    2: Field(name: "spans", kind: .message { span }, isRepeated: true),
  ]
  private static let scope: Fields = [1: Field(name: "name", kind: .text), 2: Field(name: "version", kind: .text)]
  private static let span: Fields = [
    1: Field(name: "traceId", kind: .hex), 2: Field(name: "spanId", kind: .hex),
    4: Field(name: "parentSpanId", kind: .hex), 5: Field(name: "name", kind: .text),
    6: Field(name: "kind", kind: .integer), 7: Field(name: "startTimeUnixNano", kind: .time),
    8: Field(name: "endTimeUnixNano", kind: .time),
    9: Field(name: "attributes", kind: .message { keyValue }, isRepeated: true),
    11: Field(name: "events", kind: .message { event }, isRepeated: true),
    15: Field(name: "status", kind: .message { status }),
  ]
  private static let event: Fields = [
    1: Field(name: "timeUnixNano", kind: .time), 2: Field(name: "name", kind: .text),
    3: Field(name: "attributes", kind: .message { keyValue }, isRepeated: true),
  ]
  private static let status: Fields = [2: Field(name: "message", kind: .text), 3: Field(name: "code", kind: .integer)]
  private static let keyValue: Fields = [
    1: Field(name: "key", kind: .text), 2: Field(name: "value", kind: .message { anyValue }),
  ]
  private static let anyValue: Fields = [
    1: Field(name: "stringValue", kind: .text), 2: Field(name: "boolValue", kind: .flag),
    3: Field(name: "intValue", kind: .integer), 4: Field(name: "doubleValue", kind: .double),
    5: Field(name: "arrayValue", kind: .message { values }),
    6: Field(name: "kvlistValue", kind: .message { keyValues }),
    7: Field(name: "bytesValue", kind: .base64),
  ]
  private static let values: Fields = [1: Field(name: "values", kind: .message { anyValue }, isRepeated: true)]
  private static let keyValues: Fields = [1: Field(name: "values", kind: .message { keyValue }, isRepeated: true)]
  private static let attributes = Field(name: "attributes", kind: .message { keyValue }, isRepeated: true)
}
