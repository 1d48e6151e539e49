/// Reads the wire format of Protocol Buffers field by field.
///
/// Eight small messages are all that OTLP's trace export needs; a generated module and its runtime would be a hundred
/// times the code of this reader.
struct ProtobufReader {
  enum Value {
    case number(UInt64)
    case fixed64(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next field, or `nil` at the end.
  mutating func field() throws(InvalidRecord) -> (number: UInt64, value: Value)? {
    guard !rest.isEmpty else { return nil }
    let key = try varint()
    switch key & 7 {
    case 0: return (key >> 3, .number(try varint()))
    case 1: return (key >> 3, .fixed64(try fixed(8)))
    case 2: return (key >> 3, .bytes(try take(try varint())))
    case 5: return (key >> 3, .number(try fixed(4)))
    default: throw Self.broken
    }
  }

  private mutating func varint() throws(InvalidRecord) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 70, by: 7) {
      guard let byte = rest.popFirst() else { throw Self.broken }
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw Self.broken
  }

  private mutating func fixed(_ count: UInt64) throws(InvalidRecord) -> UInt64 {
    try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func take(_ count: UInt64) throws(InvalidRecord) -> ArraySlice<UInt8> {
    guard count <= UInt64(rest.count) else { throw Self.broken }
    defer { rest = rest.dropFirst(Int(count)) }
    return rest.prefix(Int(count))
  }

  private static let broken = InvalidRecord("the body is no Protocol Buffers message; send an OTLP trace export")
}
