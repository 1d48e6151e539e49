import Glibc
import KeystoneKit
import KeystoneOutbound
import NIOCore
import NIOPosix

/// Finds the addresses of hosts outside, as the host machine sees them, and judges them.
///
/// What is connected to is an address that was judged here, never a name: a name that changes its address between
/// the two gains nothing.
final class Upstream: Sendable {
  /// Why a host cannot be connected to.
  struct Failure: Error {
    var reason: String
    var isDenial = false
  }

  private let pinned: Locked<[HostName: [String]]>?

  /// With `isStatic`, a name keeps the addresses that it had when it was first asked for.
  init(isStatic: Bool) { pinned = isStatic ? Locked([:]) : nil }

  /// The addresses of a host that may be connected to, as texts.
  func addresses(of outside: Outside, on loop: any EventLoop) -> EventLoopFuture<[String]> {
    if let known = pinned?.withLock({ $0[outside.host] }) { return loop.makeSucceededFuture(known) }
    let name = outside.host.text
    return NIOThreadPool.singleton.runIfActive(eventLoop: loop) { try Self.resolve(name) }
      .flatMapThrowing { [pinned] found in
        let allowed = outside.mayBePrivate ? found : found.filter { Self.isPublic($0) }
        guard !allowed.isEmpty else {
          let address = found.first ?? "no address"
          let kind = NetworkAddress(address)?.unreachableFromOutside ?? "not public"
          throw Failure(
            reason: "\(name) resolves to \(address), which is \(kind); the operator can name it with --reachable-host",
            isDenial: true)
        }
        pinned?.withLock { if $0[outside.host] == nil { $0[outside.host] = allowed } }
        return allowed
      }
  }

  private static func isPublic(_ address: String) -> Bool {
    NetworkAddress(address).map { $0.unreachableFromOutside == nil } ?? false
  }

  private static func resolve(_ name: String) throws -> [String] {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(name, nil, &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    guard status == 0 else {
      throw Failure(reason: "\(name) cannot be resolved: \(String(cString: gai_strerror(status)))")
    }
    var addresses: [String] = []
    var next = list
    while let entry = next {
      if let address = text(of: entry.pointee), !addresses.contains(address) { addresses.append(address) }
      next = entry.pointee.ai_next
    }
    return addresses
  }

  private static func text(of entry: addrinfo) -> String? {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let status = getnameinfo(
      entry.ai_addr, entry.ai_addrlen, &host, socklen_t(host.count), nil, 0, Int32(NI_NUMERICHOST))
    guard status == 0 else { return nil }
    return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
