extension JSONParser {
  /// Reads a number; the grammar is checked here, and only what is rare is left to the standard library.
  mutating func number() throws(JSONError) -> JSONValue {
    let start = index
    let isNegative = take(UInt8(ascii: "-"))
    var digits = JSONDigits()
    let leading = next
    try takeDigits(into: &digits)
    if leading == UInt8(ascii: "0"), digits.count > 1 {
      throw JSONError(message: "a number may not begin with a zero that means nothing", offset: start)
    }
    var exponent = 0
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      exponent = digits.count
      try takeDigits(into: &digits)
      exponent -= digits.count
    }
    if next | 0x20 == UInt8(ascii: "e") {
      index += 1
      isWhole = false
      exponent += try takeExponent()
    }
    if isWhole, digits.count <= 18 {
      return .integer(isNegative ? -Int64(digits.value) : Int64(digits.value))
    }
    if !isWhole, let exact = digits.exactly(times10To: exponent) {
      return .number(isNegative ? -exact : exact)
    }
    return try rareNumber(from: start, isWhole: isWhole)
  }

  @inline(__always)
  private mutating func takeDigits(into digits: inout JSONDigits) throws(JSONError) {
    let first = index
    while next &- UInt8(ascii: "0") <= 9 {
      digits.append(next &- UInt8(ascii: "0"))
      index += 1
    }
    if index == first { throw unexpected("a digit") }
  }

  private mutating func takeExponent() throws(JSONError) -> Int {
    let isNegative = take(UInt8(ascii: "-"))
    if !isNegative { _ = take(UInt8(ascii: "+")) }
    var digits = JSONDigits()
    try takeDigits(into: &digits)
    let size = digits.count < 6 ? Int(digits.value) : 99_999
    return isNegative ? -size : size
  }

  private func rareNumber(from start: Int, isWhole: Bool) throws(JSONError) -> JSONValue {
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<index]), as: UTF8.self)
    if isWhole, let integer = Int64(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else {
      throw JSONError(message: "the number is too large; write a string instead", offset: start)
    }
    return .number(number)
  }
}

/// The digits of a number as they are read; past 19 of them only their count is right.
struct JSONDigits {
  private(set) var value: UInt64 = 0
  private(set) var count = 0

  @inline(__always)
  mutating func append(_ digit: UInt8) {
    value = value &* 10 &+ UInt64(digit)
    count += 1
  }

  /// The product with a power of ten when one correctly rounded operation yields it, as for most numbers
  /// that people write: both factors are exact doubles.
  func exactly(times10To exponent: Int) -> Double? {
    guard count <= 15 else { return nil }
    switch exponent {
    case 0...22: return Double(value) * Self.powersOf10[exponent]
    case -22 ... -1: return Double(value) / Self.powersOf10[-exponent]
    default: return nil
    }
  }

  private static let powersOf10: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
  ]
}
