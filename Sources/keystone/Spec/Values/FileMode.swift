/// Reads permission bits, which are octal with and without a leading zero.
enum FileMode {
  /// The bits that `0644`, `644` or `0o644` mean; `nil` for anything else.
  static func parse(_ text: String) -> UInt32? {
    let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
    guard (3...5).contains(digits.utf8.count), digits.utf8.allSatisfy(Digits.isDigit) else { return nil }
    guard let mode = UInt32(digits, radix: 8), mode <= 0o7777 else { return nil }
    return mode
  }
}
