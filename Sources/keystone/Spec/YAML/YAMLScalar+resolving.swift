import KeystoneKit

extension YAMLScalar {
  /// Why a scalar has no JSON value.
  struct Unreadable: Error {
    var message: String
    var suggestion: String?
  }

  /// Gives a scalar the value that YAML 1.2's core schema gives it.
  ///
  /// `yes`, `no`, `on` and `off` are strings, and so is everything in quotes and in blocks.
  init(text: String, style: Style, tag: String?) throws(Unreadable) {
    self.text = text
    self.style = style
    switch tag {
    case nil: value = style == .plain ? try Self.plain(text) : .string(text)
    case "!", "tag:yaml.org,2002:str": value = .string(text)
    case "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float":
      value = try Self.plain(text)
      if case .string = value { throw Unreadable(message: "`\(Excerpt.clean(text))` does not fit its tag") }
    default:
      throw Unreadable(
        message: "the tag `\(Excerpt.clean(tag ?? ""))` has no meaning in a spec", suggestion: "remove the tag")
    }
  }

  private static func plain(_ text: String) throws(Unreadable) -> JSONValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    guard let first = text.utf8.first, startsNumber(first) else { return .string(text) }
    if let integer = radix(text) { return integer }
    guard isDecimal(text) else {
      if ["inf", "nan"].contains(text.lowercased().drop { $0 == "." || $0 == "-" || $0 == "+" }), text.contains(".") {
        throw Unreadable(
          message: "`\(text)` is not a number that JSON can express", suggestion: "quote it if a string is meant")
      }
      return .string(text)
    }
    if let integer = Int64(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else {
      throw Unreadable(
        message: "the number `\(Excerpt.clean(text))` is too large", suggestion: "quote it if a string is meant")
    }
    return .number(number)
  }

  private static func startsNumber(_ byte: UInt8) -> Bool {
    Digits.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
  }

  /// `0x1F` and `0o17`.
  private static func radix(_ text: String) -> JSONValue? {
    let digits = text.dropFirst(2)
    guard digits.first != "-", digits.first != "+" else { return nil }
    if text.hasPrefix("0x") { return Int64(digits, radix: 16).map { .integer($0) } }
    if text.hasPrefix("0o") { return Int64(digits, radix: 8).map { .integer($0) } }
    return nil
  }

  /// Whether the text has the form of a decimal integer or of a number with point or exponent.
  private static func isDecimal(_ text: String) -> Bool {
    var rest = text.utf8[...]
    func skipDigits() -> Int {
      let digits = rest.prefix(while: Digits.isDigit)
      rest = rest[digits.endIndex...]
      return digits.count
    }
    func skip(_ characters: Unicode.Scalar...) -> Bool {
      guard let next = rest.first, characters.contains(Unicode.Scalar(next)) else { return false }
      rest = rest.dropFirst()
      return true
    }
    _ = skip("-", "+")
    let whole = skipDigits()
    let fraction = skip(".") ? skipDigits() : 0
    guard whole + fraction > 0 else { return false }
    if skip("e", "E") {
      _ = skip("-", "+")
      guard skipDigits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}
