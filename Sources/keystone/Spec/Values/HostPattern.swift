/// The rule for host names in network policies.
enum HostPattern {
  /// Whether the text is a host, an IPv4 address or a bracketed IPv6 address, with a port if need be.
  ///
  /// With `allowsGlob`, `*` may stand for the whole name or for its first label.
  static func isValid(_ text: String, allowsGlob: Bool) -> Bool {
    guard let host = withoutPort(text), !host.isEmpty, host.utf8.count <= 253 else { return false }
    if host.hasPrefix("[") { return isBracketedAddress(host) }
    if allowsGlob, host == "*" { return true }
    let name = allowsGlob && host.hasPrefix("*.") ? host.dropFirst(2) : host
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
        && label.utf8.allSatisfy(isLabelByte)
    }
  }

  /// The host of a text that is a URL, with its port.
  static func host(inURL text: String) -> String? {
    let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    if parts.count >= 3, parts[0].hasSuffix(":"), parts[1].isEmpty { return checked(parts[2]) }
    return parts.count > 1 ? checked(parts[0]) : nil
  }

  private static func checked(_ host: Substring) -> String? {
    isValid(String(host), allowsGlob: true) ? String(host) : nil
  }

  private static func withoutPort(_ text: String) -> Substring? {
    guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else { return text[...] }
    guard let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return nil }
    return text[..<colon]
  }

  private static func isBracketedAddress(_ host: Substring) -> Bool {
    guard host.hasSuffix("]") else { return false }
    let address = host.dropFirst().dropLast()
    return address.contains(":")
      && address.utf8.allSatisfy { byte in
        Digits.isDigit(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
          || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"))
      }
  }

  private static func isLabelByte(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") || Digits.isDigit(byte)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }
}
