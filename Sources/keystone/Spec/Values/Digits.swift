/// Reads the plain decimal numbers that durations, sizes and CPU shares are made of.
enum Digits {
  static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  /// The value of `12`, `1.5` or `.5`; no sign, no exponent.
  static func decimal(_ text: Substring) -> Double? {
    let bytes = text.utf8
    guard bytes.contains(where: isDigit), bytes.count <= 32 else { return nil }
    guard bytes.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) else { return nil }
    guard bytes.count(where: { $0 == UInt8(ascii: ".") }) <= 1 else { return nil }
    return Double(text)
  }
}

extension Sequence {
  fileprivate func count(where matches: (Element) -> Bool) -> Int {
    reduce(into: 0) { count, element in if matches(element) { count += 1 } }
  }
}
