import KeystoneKit

/// The ways in which programs write a value down.
struct SecretForms {
  /// As it is, URL-encoded and JSON-escaped.
  let plain: Set<[UInt8]>
  /// In base64, where a line may end at any place.
  let wrapped: Set<[UInt8]>

  init(of value: String) {
    let bytes = Array(value.utf8)
    plain = Set([bytes] + Self.urlEncoded(bytes) + Self.jsonEscaped(value))
    let cores = Self.base64Cores(bytes)
    wrapped = Set(cores + cores.map { $0.map(Self.urlSafe) })
  }

  /// As a component of a URL, as a path, as JavaScript's `encodeURIComponent` does it, and as a form; each with
  /// hexadecimal digits of both kinds.
  private static func urlEncoded(_ bytes: [UInt8]) -> [[UInt8]] {
    let blank = Array("%20".utf8)
    return ["", "/", "!'()*"].flatMap { kept in
      [true, false].flatMap { isUpper in
        let pieces = bytes.map { percentEncoded($0, keeping: kept, isUpper) }
        return [pieces.flatMap(\.self), pieces.flatMap { $0 == blank ? [UInt8(ascii: "+")] : $0 }]
      }
    }
  }

  private static func percentEncoded(_ byte: UInt8, keeping kept: String, _ isUpper: Bool) -> [UInt8] {
    let character = Character(UnicodeScalar(byte))
    let isPlain = character.isASCII && (character.isLetter || character.isNumber || "-._~\(kept)".contains(character))
    if isPlain { return [byte] }
    let digits = Array((isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
    return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }

  /// With letters beyond ASCII as they are and as `\u` escapes, and slashes with and without a backslash.
  private static func jsonEscaped(_ value: String) -> [[UInt8]] {
    let text = Array(JSONValue.string(value).bytes.dropFirst().dropLast())
    let escaped =
      text.allSatisfy { $0 < 128 } ? text : String(decoding: text, as: UTF8.self).utf16.flatMap(asciiEscaped)
    return [text, escaped].flatMap { form in
      let slash = UInt8(ascii: "/")
      return [form, form.flatMap { $0 == slash ? [UInt8(ascii: "\\"), slash] : [$0] }]
    }
  }

  private static func asciiEscaped(_ unit: UInt16) -> [UInt8] {
    if unit < 128 { return [UInt8(unit)] }
    let digits = String(unit, radix: 16)
    return Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
  }

  /// The characters that depend on nothing but the secret when it stands in a longer text that is encoded whole.
  private static func base64Cores(_ bytes: [UInt8]) -> [[UInt8]] {
    guard bytes.count >= 6 else { return [Array(Base64.encode(bytes).utf8)] }
    return (0..<3).map { offset in
      let text = Array(Base64.encode([UInt8](repeating: 0, count: offset) + bytes).utf8)
      let leading = offset == 0 ? 0 : offset + 1
      let tail = (offset + bytes.count) % 3
      let trailing = tail == 0 ? 0 : (tail == 1 ? 3 : 2)
      return Array(text.dropFirst(leading).dropLast(trailing))
    }
  }

  /// The character of the alphabet for URLs (RFC 4648, section 5).
  private static func urlSafe(_ character: UInt8) -> UInt8 {
    character == UInt8(ascii: "+") ? UInt8(ascii: "-") : character == UInt8(ascii: "/") ? UInt8(ascii: "_") : character
  }
}
