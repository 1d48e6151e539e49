/// Reads one JSON text in one pass over its bytes.
///
/// The end of the text reads as a zero byte, which no rule of the grammar accepts, so that no step needs a
/// bounds check of its own.
struct JSONParser {
  static let deepest = 512

  let bytes: UnsafeBufferPointer<UInt8>
  var index = 0
  private var depth = 0

  private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// Reads the whole text; a result because the standard library's buffer closures cannot throw typed errors.
  static func outcome(of bytes: UnsafeBufferPointer<UInt8>) -> Result<JSONValue, JSONError> {
    var parser = JSONParser(bytes)
    do throws(JSONError) {
      let value = try parser.value()
      parser.skipSpace()
      guard parser.index == bytes.count else { throw parser.unexpected("the end of the text") }
      return .success(value)
    } catch {
      return .failure(error)
    }
  }

  /// The byte to read next, or zero at the end.
  @inline(__always)
  var next: UInt8 { index < bytes.count ? bytes[index] : 0 }

  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    index += 1
    return true
  }

  mutating func value() throws(JSONError) -> JSONValue {
    skipSpace()
    switch next {
    case UInt8(ascii: "\""):
      index += 1
      return .string(try string())
    case UInt8(ascii: "{"):
      return try nested { (parser) throws(JSONError) in try parser.object() }
    case UInt8(ascii: "["):
      return try nested { (parser) throws(JSONError) in try parser.array() }
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return try number()
    case UInt8(ascii: "t"):
      return try word("true", .bool(true))
    case UInt8(ascii: "f"):
      return try word("false", .bool(false))
    case UInt8(ascii: "n"):
      return try word("null", .null)
    default:
      throw unexpected("a value")
    }
  }

  @inline(__always)
  mutating func skipSpace() {
    while true {
      switch next {
      case 0x20, 0x0A, 0x0D, 0x09: index += 1
      default: return
      }
    }
  }

  @inline(__always)
  private mutating func nested(
    _ read: (inout JSONParser) throws(JSONError) -> JSONValue
  ) throws(JSONError) -> JSONValue {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw JSONError(message: "values may be nested \(Self.deepest) levels deep at most", offset: index)
    }
    index += 1
    return try read(&self)
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    skipSpace()
    var elements: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value())
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw unexpected("',' or ']' after an element") }
      return .array(elements)
    }
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object([:]) }
    var members = [String: JSONValue](minimumCapacity: 4)
    while true {
      skipSpace()
      guard take(UInt8(ascii: "\"")) else { throw unexpected("a member's name in double quotes") }
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected("':' after a member's name") }
      members[name] = try value()
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw unexpected("',' or '}' after a member") }
      return .object(members)
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let start = index
    for byte in UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount) where !take(byte) {
      throw JSONError(message: "expected a value, found a word that is not '\(word)'", offset: start)
    }
    return value
  }

  func unexpected(_ expected: String) -> JSONError {
    let found =
      switch next {
      case _ where index >= bytes.count: "the end of the text"
      case 0x21...0x7E: "'\(Character(Unicode.Scalar(next)))'"
      default: "the byte 0x\(String(next, radix: 16, uppercase: true))"
      }
    return JSONError(message: "expected \(expected), found \(found)", offset: index)
  }
}
