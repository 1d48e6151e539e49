/// The addresses that names have been given in one sandbox.
///
/// A name's address follows from the name, so that it is the same in every run; where two names meet, the later takes
/// the next free one. An address is never given to another name.
struct AddressBook: Sendable {
  /// Where questions for names are answered.
  static let nameServer = IPv4Address(number: first + 1)
  /// 198.18.0.0, with which the addresses of the gateway begin (RFC 2544).
  private static let first: UInt32 = 198 << 24 | 18 << 16
  private static let size: UInt32 = 1 << 17
  /// Addresses at the beginning that no name gets.
  private static let reserved: UInt32 = 256
  /// The most names a sandbox can learn; half of the addresses, so that a free one is near.
  static let capacity = 1 << 16

  private var addresses: [HostName: IPv4Address] = [:]
  private var names: [IPv4Address: HostName] = [:]

  /// Whether an address is one of the gateway's.
  static func contains(_ address: IPv4Address) -> Bool { address.number & 0xFFFE_0000 == first }

  /// The name that has this address.
  func name(of address: IPv4Address) -> HostName? { names[address] }

  /// The address of a name, given now when it has none yet; `nil` when there are too many names.
  mutating func address(of name: HostName) -> IPv4Address? {
    if let address = addresses[name] { return address }
    guard names.count < Self.capacity else { return nil }
    let room = Self.size - Self.reserved
    var place = Self.hash(name.text) % room
    while true {
      let address = IPv4Address(number: Self.first + Self.reserved + place)
      if names[address] == nil {
        names[address] = name
        addresses[name] = address
        return address
      }
      place = (place + 1) % room
    }
  }

  /// FNV-1a.
  private static func hash(_ text: String) -> UInt32 {
    text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
