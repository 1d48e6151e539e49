internal import CCurl
internal import Glibc

/// An IP address as 16 bytes; IPv4 lies in the last four.
package struct NetworkAddress: Hashable, CustomStringConvertible {
  package let isIPv4: Bool
  package let bytes: [UInt8]

  init?(_ address: UnsafePointer<sockaddr>) {
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      let raw = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
      self.init(v4: withUnsafeBytes(of: raw.sin_addr) { Array($0) })
    case AF_INET6:
      let raw = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
      self.init(v6: withUnsafeBytes(of: raw.sin6_addr) { Array($0) })
    default:
      return nil
    }
  }

  /// Reads the textual form; a zone such as `%eth0` is ignored.
  package init?(_ text: String) {
    let plain = text.split(separator: "%", maxSplits: 1).first.map(String.init) ?? text
    var v4 = in_addr()
    var v6 = in6_addr()
    if inet_pton(AF_INET, plain, &v4) == 1 {
      self.init(v4: withUnsafeBytes(of: v4) { Array($0) })
    } else if inet_pton(AF_INET6, plain, &v6) == 1 {
      self.init(v6: withUnsafeBytes(of: v6) { Array($0) })
    } else {
      return nil
    }
  }

  private init(v4: [UInt8]) {
    isIPv4 = true
    bytes = [UInt8](repeating: 0, count: 12) + v4
  }

  private init(v6: [UInt8]) {
    isIPv4 = false
    bytes = v6
  }

  package var description: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = isIPv4 ? AF_INET : AF_INET6
    let raw = isIPv4 ? Array(bytes[12...]) : bytes
    guard inet_ntop(family, raw, &text, socklen_t(text.count)) != nil else { return "an unreadable address" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension NetworkAddress {
  /// What the address is instead of public, or nil when it is public.
  package var unreachableFromOutside: String? {
    let ranges = isIPv4 ? AddressRange.reservedIPv4 : AddressRange.reservedIPv6
    if let range = ranges.first(where: { $0.contains(self) }) { return range.name }
    if isIPv4 || AddressRange.globalIPv6.contains(self) { return nil }
    return "an address outside of the public IPv6 space"
  }
}

/// Addresses with a common beginning, and what they are for.
struct AddressRange {
  let name: String
  private let first: [UInt8]
  private let bits: Int

  init(_ text: String, _ bits: Int, _ name: String) {
    let address = NetworkAddress(text)
    self.name = name
    first = address?.bytes ?? []
    self.bits = bits + (address?.isIPv4 == true ? 96 : 0)
  }

  func contains(_ address: NetworkAddress) -> Bool {
    guard first.count == address.bytes.count else { return false }
    let whole = bits / 8
    guard first.prefix(whole) == address.bytes.prefix(whole) else { return false }
    let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (bits % 8))
    return whole == 16 || first[whole] & mask == address.bytes[whole] & mask
  }

  /// The IANA registry of special-purpose IPv4 addresses, and the metadata address that lies outside of it.
  static let reservedIPv4 = [
    AddressRange("0.0.0.0", 8, "an address of this host itself"),
    AddressRange("10.0.0.0", 8, "a private address"),
    AddressRange("100.64.0.0", 10, "a carrier's shared address"),
    AddressRange("127.0.0.0", 8, "a loopback address"),
    AddressRange("169.254.0.0", 16, "a link-local or cloud metadata address"),
    AddressRange("172.16.0.0", 12, "a private address"),
    AddressRange("192.0.0.0", 24, "a protocol assignment"),
    AddressRange("192.0.2.0", 24, "a documentation address"),
    AddressRange("192.88.99.0", 24, "a 6to4 relay address"),
    AddressRange("192.168.0.0", 16, "a private address"),
    AddressRange("198.18.0.0", 15, "a benchmarking address"),
    AddressRange("198.51.100.0", 24, "a documentation address"),
    AddressRange("203.0.113.0", 24, "a documentation address"),
    AddressRange("168.63.129.16", 32, "a cloud metadata address"),
    AddressRange("224.0.0.0", 4, "a multicast address"),
    AddressRange("240.0.0.0", 4, "a reserved or broadcast address"),
  ]

  /// The IANA registry of special-purpose IPv6 addresses, with names for those people meet.
  static let reservedIPv6 = [
    AddressRange("::", 128, "an unspecified address"),
    AddressRange("::1", 128, "a loopback address"),
    AddressRange("::ffff:0:0", 96, "an IPv4-mapped address"),
    AddressRange("::", 96, "an IPv4-compatible address"),
    AddressRange("64:ff9b::", 96, "a NAT64 address"),
    AddressRange("64:ff9b:1::", 48, "a NAT64 address"),
    AddressRange("100::", 64, "a discard address"),
    AddressRange("2001::", 23, "a protocol assignment or Teredo address"),
    AddressRange("2001:db8::", 32, "a documentation address"),
    AddressRange("2002::", 16, "a 6to4 address"),
    AddressRange("3fff::", 20, "a documentation address"),
    AddressRange("5f00::", 16, "a segment routing address"),
    AddressRange("fc00::", 7, "a unique local address"),
    AddressRange("fe80::", 10, "a link-local address"),
    AddressRange("fec0::", 10, "a site-local address"),
    AddressRange("ff00::", 8, "a multicast address"),
  ]

  static let globalIPv6 = AddressRange("2000::", 3, "global unicast")
}
