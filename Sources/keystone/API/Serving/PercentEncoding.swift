/// Percent-encoding of paths and queries (RFC 3986).
enum PercentEncoding {
  /// The text, or `nil` when an escape is broken or the bytes are not UTF-8.
  static func decode(_ text: Substring, plusIsBlank: Bool = false) -> String? {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else { return nil }
        bytes.append(high << 4 | low)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// The query of a request.
package struct Query: Sendable {
  private let values: [String: String]

  /// Reads `name=value` pairs as forms write them; of a name that is there twice the last value counts.
  init(_ text: String?) {
    var values: [String: String] = [:]
    for pair in (text ?? "").split(separator: "&") {
      let equals = pair.firstIndex(of: "=")
      let name = pair[..<(equals ?? pair.endIndex)]
      let value = equals.map { pair[pair.index(after: $0)...] } ?? ""
      values[PercentEncoding.decode(name, plusIsBlank: true) ?? String(name)] =
        PercentEncoding.decode(value, plusIsBlank: true) ?? String(value)
    }
    self.values = values
  }

  /// The value of a parameter; `nil` when it is absent or empty.
  package subscript(name: String) -> String? {
    values[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The whole number a parameter holds; `nil` when it is absent.
  ///
  /// - Throws: ``APIError`` when it is something else or not in `range`.
  package func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw APIError(
        .invalid,
        "The query parameter `\(name)` must be a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }
}
