/// A host name as it is compared: in lower case, without a final dot.
struct HostName: Hashable, Sendable, CustomStringConvertible {
  let text: String

  /// Reads a name; `nil` when it is longer than DNS allows or has characters that no host name has.
  init?(_ text: String) {
    var name = text.lowercased()
    if name.hasSuffix(".") { name.removeLast() }
    guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard labels.allSatisfy({ (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(Self.isLabelByte) }) else {
      return nil
    }
    self.text = name
  }

  var description: String { text }

  /// The address, when the name is an IPv4 address in its usual form.
  var literal: IPv4Address? { IPv4Address(text) }

  private static func isLabelByte(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }
}

/// An IPv4 address.
struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
  /// The address as a number, the first byte highest.
  let number: UInt32

  init(number: UInt32) { self.number = number }

  /// Reads four decimal numbers without leading zeros; other notations are no addresses here.
  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var number: UInt32 = 0
    for part in parts {
      guard let byte = UInt8(part), String(byte) == part else { return nil }
      number = number << 8 | UInt32(byte)
    }
    self.number = number
  }

  var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }

  var description: String { bytes.map(String.init).joined(separator: ".") }
}

/// A host and a port as they stand in a specification, a header or a request line.
struct HostAndPort: Hashable, Sendable {
  let host: HostName
  let port: Int?

  /// Reads `host` or `host:port`.
  init?(_ text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":") else {
      guard let host = HostName(String(text)) else { return nil }
      (self.host, port) = (host, nil)
      return
    }
    guard let host = HostName(String(text[..<colon])), let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { return nil }
    (self.host, self.port) = (host, Int(port))
  }
}
