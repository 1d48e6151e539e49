import CSandbox
import Glibc
import KeystoneKit

/// What the first process of a sandbox handed over: its network's listener and resolver, and from then on the seccomp
/// listeners of commands that are watched.
///
/// A thread of its own reads what the first process sends; it ends with the sandbox.
package final class SandboxAttachment: Sendable {
  /// The descriptors that a gateway serves; who takes them closes them.
  package struct Network: Sendable {
    /// A listening, non-blocking TCP socket.
    ///
    /// Every connection that a process of the sandbox makes to an address outside of 127.0.0.0/8 arrives here;
    /// `SO_ORIGINAL_DST` of the accepted socket tells where it was meant to go.
    package let listener: Int32
    /// A non-blocking UDP socket at 198.18.0.1:53, the sandbox's only resolver; DNS over TCP arrives at `listener`.
    package let names: Int32
  }

  private struct State {
    var network: Network?
    var isOver = false
    var lastTag: UInt64 = 0
    var sockets: [UInt64: CheckedContinuation<Int32, any Error>] = [:]
    var watchers: [UInt64: @Sendable (Int32) -> Void] = [:]
  }

  /// Why the sandbox has no network to serve; `nil` when it has.
  package let networkFailure: String?
  private let connection: Int32
  private let state: Locked<State>

  /// Takes over `connection` and waits for the first message, which has been sent already.
  init(connection: Int32) throws {
    self.connection = connection
    var message = ks_attachment_message()
    var (descriptors, count) = ([Int32](repeating: -1, count: Int(KS_ATTACHMENT_DESCRIPTORS)), Int32(0))
    guard ks_attachment_receive(connection, &message, &descriptors, &count) == 1,
      message.kind == KS_ATTACHMENT_NETWORK.rawValue
    else {
      Glibc.close(connection)
      throw PluginError(.internal, "the sandbox's first process attached without saying what it has; report this")
    }
    let network = count == 2 ? Network(listener: descriptors[0], names: descriptors[1]) : nil
    networkFailure = network == nil ? String(cString: ks_attachment_text(&message)) : nil
    state = Locked(State(network: network))
    // The thread keeps this object, and with it the connection, until the sandbox or `end` closes the other side.
    startThread { [self] in
      while takeMessage() {}
      end()
    }
  }

  deinit {
    if let network = state.withLock({ $0.network }) { Self.close(network) }
    Glibc.close(connection)
  }

  /// The network's descriptors, once.
  package func takeNetwork() -> Network? {
    state.withLock { state in
      defer { state.network = nil }
      return state.network
    }
  }

  /// Refuses every connection: nobody serves the network.
  func closeNetwork() {
    if let network = takeNetwork() { Self.close(network) }
  }

  /// An unconnected, blocking TCP socket in the sandbox's network, for reaching its servers at 127.0.0.1.
  ///
  /// Who takes it closes it.
  package func makeSocket() async throws -> Int32 {
    try await withCheckedThrowingContinuation { continuation in
      let tag: UInt64? = state.withLock { state in
        guard !state.isOver else { return nil }
        state.lastTag += 1
        state.sockets[state.lastTag] = continuation
        return state.lastTag
      }
      guard let tag else { return continuation.resume(throwing: Self.gone) }
      if ks_attachment_ask_socket(connection, tag) != 0 { finish(tag, .failure(Self.gone)) }
    }
  }

  /// Calls `body` on the attachment's thread with the seccomp listener of the command that gets the answered tag.
  func watch(_ body: @escaping @Sendable (Int32) -> Void) -> UInt64 {
    state.withLock { state in
      state.lastTag += 1
      state.watchers[state.lastTag] = body
      return state.lastTag
    }
  }

  /// Forgets a watch whose command never started.
  func forget(_ tag: UInt64) { state.withLock { $0.watchers[tag] = nil } }

  /// Ends the reading thread.
  func end() {
    shutdown(connection, Int32(SHUT_RDWR))
    let waiting = state.withLock { state in
      state.isOver = true
      state.watchers = [:]
      defer { state.sockets = [:] }
      return Array(state.sockets.values)
    }
    for continuation in waiting { continuation.resume(throwing: Self.gone) }
    closeNetwork()
  }

  private static let gone = PluginError(.unavailable, "the sandbox has ended; run the scenario again", retryable: true)

  private static func close(_ network: Network) {
    Glibc.close(network.listener)
    Glibc.close(network.names)
  }

  /// Waits for one message and deals with it; false when no more will come.
  private func takeMessage() -> Bool {
    var message = ks_attachment_message()
    var (descriptors, count) = ([Int32](repeating: -1, count: Int(KS_ATTACHMENT_DESCRIPTORS)), Int32(0))
    guard ks_attachment_receive(connection, &message, &descriptors, &count) == 1 else { return false }
    var kept = 0
    if take(message, count > 0 ? descriptors[0] : -1) { kept = 1 }
    for descriptor in descriptors.prefix(Int(count)).dropFirst(kept) { Glibc.close(descriptor) }
    return true
  }

  /// Whether somebody took over `descriptor`.
  private func take(_ message: ks_attachment_message, _ descriptor: Int32) -> Bool {
    switch message.kind {
    case KS_ATTACHMENT_SOCKET.rawValue:
      guard descriptor >= 0 else {
        let reason = String(cString: strerror(message.error))
        finish(message.tag, .failure(PluginError(.exhausted, "the sandbox can open no socket: \(reason)")))
        return false
      }
      return finish(message.tag, .success(descriptor))
    case KS_ATTACHMENT_NOTIFICATIONS.rawValue:
      guard descriptor >= 0, let body = state.withLock({ $0.watchers.removeValue(forKey: message.tag) }) else {
        return false
      }
      body(descriptor)
      return true
    default: return false
    }
  }

  @discardableResult private func finish(_ tag: UInt64, _ result: Result<Int32, any Error>) -> Bool {
    guard let continuation = state.withLock({ $0.sockets.removeValue(forKey: tag) }) else { return false }
    continuation.resume(with: result)
    return true
  }
}
