extension JSONParser {
  /// Reads the rest of a string whose opening quote is behind us.
  mutating func string() throws(JSONError) -> String {
    let start = index
    skipPlain()
    if next == UInt8(ascii: "\"") {
      let text = try validated(UnsafeBufferPointer(rebasing: bytes[start..<index]), from: start)
      index += 1
      return text
    }
    return try stringWithEscapes(from: start)
  }

  /// Goes to the next byte that ends a run of ordinary characters.
  @inline(__always)
  private mutating func skipPlain() {
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      index += 1
    }
  }

  private mutating func stringWithEscapes(from start: Int) throws(JSONError) -> String {
    var text = Array(bytes[start..<index])
    while true {
      switch next {
      case UInt8(ascii: "\""):
        let string: String? = text.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
        guard let string else { throw invalidUTF8(in: start..<index) }
        index += 1
        return string
      case UInt8(ascii: "\\"):
        index += 1
        try appendEscape(to: &text)
      default:
        throw unexpected("a string's closing quote; control characters must be written as escapes")
      }
      let run = index
      skipPlain()
      text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[run..<index]))
    }
  }

  private mutating func appendEscape(to text: inout [UInt8]) throws(JSONError) {
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(next)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      index += 1
      return text.append(contentsOf: String(Character(try escapedScalar())).utf8)
    default:
      throw unexpected("one of \" \\ / b f n r t u after a backslash")
    }
    index += 1
  }

  /// Reads four hexadecimal digits, and a second escape when the first is half of a surrogate pair.
  private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let start = index
    let first = try codeUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let second = try codeUnit()
      if 0xDC00...0xDFFF ~= second,
        let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
      {
        return scalar
      }
    }
    throw JSONError(message: "expected both halves of a surrogate pair, found one alone", offset: start)
  }

  private mutating func codeUnit() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(next)).hexDigitValue else {
        throw unexpected("four hexadecimal digits after \\u")
      }
      unit = unit << 4 | UInt16(digit)
      index += 1
    }
    return unit
  }

  private func validated(_ text: UnsafeBufferPointer<UInt8>, from start: Int) throws(JSONError) -> String {
    guard let string = String(validating: text, as: UTF8.self) else {
      throw invalidUTF8(in: start..<(start + text.count))
    }
    return string
  }

  /// Finds the first byte that is no UTF-8, which the validating initialiser does not tell.
  private func invalidUTF8(in range: Range<Int>) -> JSONError {
    var offset = range.lowerBound
    var codec = UTF8()
    var iterator = bytes[range].makeIterator()
    while case .scalarValue(let scalar) = codec.decode(&iterator) { offset += UTF8.width(scalar) }
    return JSONError(message: "the text is not valid UTF-8; write it in that encoding", offset: offset)
  }
}
