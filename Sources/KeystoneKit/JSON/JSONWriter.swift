/// Appends JSON text to a buffer.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: JSONValue) {
    switch value {
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (position, element) in elements.enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        write(element)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (position, member) in Self.sorted(members).enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        write(member.key)
        bytes.append(UInt8(ascii: ":"))
        write(member.value)
      }
      bytes.append(UInt8(ascii: "}"))
    default:
      writeScalar(value)
    }
  }

  mutating func writePretty(_ value: JSONValue, indent: Int) {
    switch value {
    case .array(let elements) where !elements.isEmpty:
      bytes.append(UInt8(ascii: "["))
      for (position, element) in elements.enumerated() {
        beginLine(after: position, indent: indent + 1)
        writePretty(element, indent: indent + 1)
      }
      endLines(indent: indent, UInt8(ascii: "]"))
    case .object(let members) where !members.isEmpty:
      bytes.append(UInt8(ascii: "{"))
      for (position, member) in Self.sorted(members).enumerated() {
        beginLine(after: position, indent: indent + 1)
        write(member.key)
        append(": ")
        writePretty(member.value, indent: indent + 1)
      }
      endLines(indent: indent, UInt8(ascii: "}"))
    default:
      write(value)
    }
  }

  private static func sorted(_ members: [String: JSONValue]) -> [(key: String, value: JSONValue)] {
    members.count > 1 ? members.sorted { $0.key < $1.key } : Array(members)
  }

  private mutating func beginLine(after position: Int, indent: Int) {
    if position > 0 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: indent * 2))
  }

  private mutating func endLines(indent: Int, _ bracket: UInt8) {
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: indent * 2))
    bytes.append(bracket)
  }

  private mutating func writeScalar(_ value: JSONValue) {
    switch value {
    case .bool(let truth): append(truth ? "true" : "false")
    case .integer(let integer): append(integer.description)
    case .number(let number) where number.isFinite: append(number.description)
    case .string(let text): write(text)
    default: append("null")
    }
  }

  private mutating func append(_ ascii: String) {
    bytes.append(contentsOf: ascii.utf8)
  }

  private mutating func write(_ string: String) {
    var string = string
    bytes.append(UInt8(ascii: "\""))
    string.withUTF8 { text in
      var start = 0
      for (index, byte) in text.enumerated() where Self.needsEscape(byte) {
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
        writeEscape(byte)
        start = index + 1
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }
    bytes.append(UInt8(ascii: "\""))
  }

  @inline(__always)
  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private mutating func writeEscape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    default: append(byte < 0x10 ? "\\u000\(String(byte, radix: 16))" : "\\u00\(String(byte, radix: 16))")
    }
  }
}
