import Glibc
import KeystoneKit
import KeystonePluginHost

/// Finds out when a service can be used: its `wait_for` succeeds, or without one its first port answers.
struct ServiceReadiness: Sendable {
  private static let pause = Duration.seconds(1)
  private static let attemptLimit = Duration.seconds(10)

  let sandbox: LiveSandbox
  let name: String
  let waitFor: String?
  let endpoint: ServiceEndpoint

  /// Asks once a second; throws `service NAME not ready` with the end of the service's log.
  func wait(until deadline: ContinuousClock.Instant) async throws {
    let start = ContinuousClock.now
    while true {
      let failure = try await attempt()
      guard let failure else { return }
      let status: ServiceStatus = try await sandbox.call("service_status", SandboxCall(service: name))
      if let end = status.end { throw error("its program \(end.ending)", status.log) }
      guard ContinuousClock.now + Self.pause < deadline else {
        let waited = start.duration(to: .now).components.seconds
        throw error("\(failure) after \(waited) s", status.log)
      }
      // Starting takes a moment; after that the pace is the documented one.
      let isYoung = start.duration(to: .now) < Self.pause
      try await Task.sleep(for: isYoung ? Self.pause / 10 : Self.pause)
    }
  }

  /// Asks once; `nil` when it is ready, else what is not.
  private func attempt() async throws -> String? {
    if let waitFor { return try await attempt(waitFor) }
    guard let port = endpoint.ports.first else { return nil }
    return Self.answers(endpoint, port: port) ? nil : "nothing answers on port \(port)"
  }

  private func attempt(_ line: String) async throws -> String? {
    let command = Command(["/bin/sh", "-c", line], timeout: Self.attemptLimit, discardsOutput: true)
    let call = try await sandbox.begin("service_exec", SandboxCall(command: command, service: name))
    let answer = try await withTaskCancellationHandler {
      try await call.result()
    } onCancel: {
      call.cancel()
    }
    let status = try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: answer))
    return status.isSuccess ? nil : "`\(line)` \(status.ending)"
  }

  private func error(_ reason: String, _ log: String) -> PluginError {
    let last = log.split(separator: "\n").last.map { "; it said last: \($0)" } ?? ""
    return PluginError(
      .unavailable, "service \(name) not ready: \(reason)\(last)",
      detail: log.isEmpty ? nil : String(log.suffix(8 << 10)))
  }

  /// Whether a connection to the port is taken, by the host's own address of it.
  private static func answers(_ endpoint: ServiceEndpoint, port: Int) -> Bool {
    if let path = endpoint.sockets[String(port)] { return access(path, F_OK) == 0 }
    guard let text = endpoint.address else { return false }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
    guard inet_pton(AF_INET, text, &address.sin_addr) == 1 else { return false }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failed = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    if failed == 0 { return true }
    guard errno == EINPROGRESS else { return false }
    // The network is one of this machine: an answer takes no longer than this.
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&entry, 1, 100) == 1 else { return false }
    var (number, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length) == 0 && number == 0
  }
}
