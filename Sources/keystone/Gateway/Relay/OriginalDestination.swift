import Glibc
import NIOCore

/// Where a redirected connection was meant to go.
struct OriginalDestination: Hashable, Sendable {
  var address: IPv4Address
  var port: Int

  /// Asks the kernel (`SO_ORIGINAL_DST`); a connection that was not redirected went to the listener itself.
  static func of(_ channel: any Channel) -> EventLoopFuture<OriginalDestination?> {
    let own = channel.localAddress?.destination
    guard let options = channel as? any SocketOptionProvider else {
      return channel.eventLoop.makeSucceededFuture(own)
    }
    let option = NIOBSDSocket.Option(rawValue: 80)
    let asked: EventLoopFuture<sockaddr_in> = options.unsafeGetSocketOption(level: .ip, name: option)
    return asked.map { OriginalDestination($0) }.recover { _ in own }
  }

  init(address: IPv4Address, port: Int) {
    self.address = address
    self.port = port
  }

  fileprivate init(_ address: sockaddr_in) {
    // The family, then the port and the address in the network's order.
    let bytes = withUnsafeBytes(of: address) { Array($0) }
    port = Int(bytes[2]) << 8 | Int(bytes[3])
    self.address = IPv4Address(number: bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) })
  }
}

extension SocketAddress {
  fileprivate var destination: OriginalDestination? {
    guard case .v4(let address) = self else { return nil }
    return OriginalDestination(address.address)
  }
}
