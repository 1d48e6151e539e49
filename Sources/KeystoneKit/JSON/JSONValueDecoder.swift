/// Makes values of `Decodable` types from JSON values.
///
/// Whole numbers are accepted from numbers and, because integers beyond ±2^53 travel that way, from strings
/// that hold a decimal integer. Members that a type does not know are ignored. A ``ParameterSet`` gets the
/// declared defaults for members that are missing.
public struct JSONValueDecoder: Sendable {
  /// Creates a decoder.
  public init() {}

  /// Decodes a value of a type.
  ///
  /// - Parameters:
  ///   - type: The type of the result.
  ///   - value: The JSON it is made from.
  /// - Returns: The decoded value.
  /// - Throws: `DecodingError` with the coding path of the first mistake; ``ParameterError`` with every
  ///   problem when the mistakes are in a ``ParameterSet``.
  public func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws -> T {
    try ValueDecoder(value, at: nil).decode(type)
  }
}

/// Reads one JSON value, whole or member by member; it is the container of single values too.
final class ValueDecoder: Decoder, SingleValueDecodingContainer {
  let value: JSONValue
  let path: JSONCodingPath?
  /// Whether the parameter set around this value was already found to have no problems.
  let isChecked: Bool
  /// The members' names and defaults, when the value is decoded as a parameter set.
  let layout: ParameterLayout?

  init(_ value: JSONValue, at path: JSONCodingPath?, isChecked: Bool = false, layout: ParameterLayout? = nil) {
    self.value = value
    self.path = path
    self.isChecked = isChecked
    self.layout = layout
  }

  var codingPath: [any CodingKey] { path.keys }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func child(_ value: JSONValue, _ key: any CodingKey) -> ValueDecoder {
    ValueDecoder(value, at: JSONCodingPath(path, key), isChecked: isChecked)
  }

  func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = value else { throw mismatch([String: JSONValue].self, "an object") }
    return KeyedDecodingContainer(JSONKeyedDecodingContainer(decoder: self, members: members))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = value else { throw mismatch([JSONValue].self, "an array") }
    return JSONUnkeyedDecodingContainer(decoder: self, elements: elements)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func decodeNil() -> Bool { value == .null }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if let scalar = try scalar(type) { return scalar }
    if let set = type as? any ParameterSet.Type { return try decodeSet(set, as: type) }
    return try T(from: self)
  }

  func mismatch(_ type: any Any.Type, _ expected: String) -> DecodingError {
    let context = DecodingError.Context(
      codingPath: codingPath, debugDescription: "Expected \(expected), found \(value.kindWithArticle).")
    return value == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
  }

  func corrupted(_ message: String) -> DecodingError {
    .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: message))
  }
}

extension JSONValue {
  /// What this is, for the end of a sentence.
  var kindWithArticle: String {
    switch self {
    case .null: "null"
    case .integer, .array, .object: "an \(kind)"
    default: "a \(kind)"
    }
  }
}

/// Returns the value as the other name of its own type.
///
/// Callers have compared the types, which the compiler cannot conclude from; the bits are reused only if they are
/// equal, and anything else is a mistake in this module that no input can reach.
@inline(__always)
func same<T, U>(_ value: T, _ type: U.Type) -> U {
  precondition(T.self == U.self, "a value was taken for one of another type")
  return unsafeBitCast(value, to: type)
}
