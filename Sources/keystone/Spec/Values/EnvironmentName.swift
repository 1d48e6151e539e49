/// The rule for names of environment variables and of secrets.
package enum EnvironmentName {
  /// Whether `name` begins with a letter or `_` and goes on with letters, digits and `_`.
  package static func isValid(_ name: String) -> Bool {
    let bytes = name.utf8
    guard let first = bytes.first, isLetter(first), bytes.count <= 256 else { return false }
    return bytes.allSatisfy { isLetter($0) || Digits.isDigit($0) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return byte == UInt8(ascii: "_") || lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
  }
}
