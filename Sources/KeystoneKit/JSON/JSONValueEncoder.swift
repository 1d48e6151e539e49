/// Makes JSON values of values of `Encodable` types.
///
/// Integers beyond ±2^53 become strings, since other readers of JSON would round them; optional members that
/// are `nil` are left out.
public struct JSONValueEncoder: Sendable {
  /// Creates an encoder.
  public init() {}

  /// Encodes a value.
  ///
  /// - Parameter value: What to encode.
  /// - Returns: The JSON that ``JSONValueDecoder`` makes an equal value of.
  /// - Throws: What the value's own `encode(to:)` throws.
  public func encode<T: Encodable>(_ value: T) throws -> JSONValue {
    try ValueEncoder.json(of: value, at: nil)
  }
}

/// Collects what one value encodes; it is the container of single values too.
final class ValueEncoder: Encoder, SingleValueEncodingContainer {
  let path: JSONCodingPath?
  private var result = JSONValue.object([:])
  private var object: JSONObjectBuilder?
  private var array: JSONArrayBuilder?

  init(at path: JSONCodingPath?) { self.path = path }

  var codingPath: [any CodingKey] { path.keys }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// The JSON of a value, without an encoder of its own when JSON has its type.
  static func json<T: Encodable>(of value: T, at path: @autoclosure () -> JSONCodingPath?) throws -> JSONValue {
    if let scalar = JSONValue(scalar: value) { return scalar }
    let encoder = ValueEncoder(at: path())
    try value.encode(to: encoder)
    return encoder.finish()
  }

  /// What was encoded so far, with all that nested containers hold.
  func finish() -> JSONValue { object?.finish() ?? array?.finish() ?? result }

  func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    let builder = object ?? JSONObjectBuilder(path)
    object = builder
    return KeyedEncodingContainer(JSONKeyedEncodingContainer(builder: builder))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    let builder = array ?? JSONArrayBuilder(path)
    array = builder
    return JSONUnkeyedEncodingContainer(builder: builder)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  func encodeNil() { result = .null }

  func encode<T: Encodable>(_ value: T) throws { result = try Self.json(of: value, at: path) }
}

extension JSONValue {
  /// The JSON of a value whose type JSON has itself, `nil` for any other type.
  @inline(__always)
  init?<T>(scalar value: T) {
    if T.self == String.self {
      self = .string(same(value, String.self))
    } else if T.self == Bool.self {
      self = .bool(same(value, Bool.self))
    } else if T.self == Int.self {
      self.init(exactly: same(value, Int.self))
    } else if T.self == Double.self {
      self = .number(same(value, Double.self))
    } else if T.self == JSONValue.self {
      self = same(value, JSONValue.self)
    } else if T.self == Float.self {
      // Its shortest text, not its binary value: 0.1 and not 0.10000000149011612.
      self = .number(Double(same(value, Float.self).description) ?? .nan)
    } else if let integer = value as? any FixedWidthInteger {
      self.init(exactly: integer)
    } else {
      return nil
    }
  }

  private init(exactly integer: some FixedWidthInteger) {
    if let small = Int64(exactly: integer), -(1 << 53)...(1 << 53) ~= small {
      self = .integer(small)
    } else {
      self = .string(String(integer))
    }
  }
}
