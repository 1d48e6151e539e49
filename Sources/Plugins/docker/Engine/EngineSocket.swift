import Glibc
import KeystoneKit

/// One connection to the engine, for one request.
final class EngineSocket: Sendable {
  private static let mostBytes = 64 << 20

  private let descriptor: Int32
  private let engine: String
  private let path: String

  /// Connects; an engine that is not there is an error that says what to do.
  init(path: String, engine: String, silence limit: Duration) throws(PluginError) {
    descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.engine = engine
    self.path = path
    guard descriptor >= 0 else { throw PluginError(.exhausted, "no descriptor is left for the \(engine)") }
    var time = timeval(tv_sec: Int(limit.components.seconds), tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw PluginError(.invalid, "the socket \(path) of the \(engine) has too long a path; use a shorter one")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let failed = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard failed == 0 else { throw Self.unreachable(path, engine) }
  }

  deinit { close(descriptor) }

  /// Ends a request that waits.
  func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Sends a request and waits for the whole answer.
  func exchange(_ request: [UInt8], line: (@Sendable (JSONValue) -> Void)?) throws -> (status: Int, body: [UInt8]) {
    try send(request)
    var received: [UInt8] = []
    var status: Int?
    while let bytes = try receive() {
      received += bytes
      guard received.count <= Self.mostBytes else {
        throw PluginError(.exhausted, "the \(engine) answered with more than \(Self.mostBytes) bytes")
      }
      if status == nil { status = Self.takeHead(from: &received) }
      guard let line, let status, status < 400 else { continue }
      while let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        if let value = try? JSONValue(parsing: Array(received[..<end])) { line(value) }
        received.removeSubrange(...end)
      }
    }
    guard let status else {
      throw PluginError(
        .unavailable, "the \(engine) at \(path) closed the connection without an answer; look at its log",
        retryable: true)
    }
    return (status, received)
  }

  private func send(_ request: [UInt8]) throws(PluginError) {
    var rest = request[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw Self.unreachable(path, engine) }
      rest = rest.dropFirst(count)
    }
  }

  private func receive() throws(PluginError) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
      repeat { count = recv(descriptor, buffer.baseAddress, buffer.count, 0) } while count < 0 && errno == EINTR
      if count < 0 { count = 0 } else { errno = 0 }
    }
    if !bytes.isEmpty { return bytes }
    guard errno == EAGAIN else { return nil }
    throw PluginError(
      .deadline, "the \(engine) at \(path) does not answer; look at its log, or restart it", retryable: true)
  }

  /// Takes the status line and the headers off; `nil` while they are not complete.
  private static func takeHead(from bytes: inout [UInt8]) -> Int? {
    let end = Array("\r\n\r\n".utf8)
    guard bytes.count > 12, let index = bytes.indices.dropLast(3).first(where: { Array(bytes[$0..<$0 + 4]) == end })
    else { return nil }
    let status = Int(String(decoding: bytes[9..<12], as: UTF8.self)) ?? 500
    bytes.removeSubrange(..<(index + 4))
    return status
  }

  private static func unreachable(_ path: String, _ engine: String) -> PluginError {
    let advice =
      switch errno {
      case ENOENT: "there is no socket \(path); install and start the engine, or name its socket"
      case EACCES, EPERM: "this user may not use \(path); add the user to the group that owns it"
      case ECONNREFUSED: "nobody answers at \(path); start the engine"
      default: "\(path): \(String(cString: strerror(errno)))"
      }
    return PluginError(.unavailable, "the \(engine) cannot be reached: \(advice)", retryable: true)
  }
}
