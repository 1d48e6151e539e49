import KeystoneKit
import Testing

/// The way to another session in the same process: everything arrives at once, as through a C table.
final class Wire: PeerTransport {
  private let receiver = Locked<PeerSession?>(nil)
  private let traffic = Locked(Traffic())

  /// What has passed on this wire, by channel of a call.
  private struct Traffic {
    var sent: [Stream: Int] = [:]
    var granted: [Stream: Int] = [:]
    var repliedTo: [UInt64: Int] = [:]
  }

  struct Stream: Hashable {
    var call: UInt64
    var channel: UInt32
  }

  func connect(to session: PeerSession) { receiver.withLock { $0 = session } }

  /// The bytes sent so far on a channel.
  func sent(_ call: UInt64, _ channel: UInt32) -> Int {
    traffic.withLock { $0.sent[Stream(call: call, channel: channel)] ?? 0 }
  }

  /// The credit given so far to the other side for a channel.
  func granted(_ call: UInt64, _ channel: UInt32) -> Int {
    traffic.withLock { $0.granted[Stream(call: call, channel: channel)] ?? 0 }
  }

  /// How many replies each call got.
  var replies: [UInt64: Int] { traffic.withLock { $0.repliedTo } }

  private var session: PeerSession? { receiver.withLock { $0 } }

  func call(_ id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64) {
    session?.receivedCall(id, method: method, body: body, budgetMilliseconds: budgetMilliseconds, parent: parent)
  }

  func send(_ id: UInt64, channel: UInt32, frame: [UInt8], flags: UInt32) {
    traffic.withLock { $0.sent[Stream(call: id, channel: channel), default: 0] += frame.count }
    session?.receivedSend(id, channel: channel, frame: frame, flags: flags)
  }

  func credit(_ id: UInt64, channel: UInt32, bytes: UInt64) {
    traffic.withLock { $0.granted[Stream(call: id, channel: channel), default: 0] += Int(bytes) }
    session?.receivedCredit(id, channel: channel, bytes: bytes)
  }

  func cancel(_ id: UInt64, reason: UInt32) { session?.receivedCancel(id, reason: reason) }

  func reply(_ id: UInt64, status: UInt32, body: [UInt8]) {
    traffic.withLock { $0.repliedTo[id, default: 0] += 1 }
    session?.receivedReply(id, status: status, body: body)
  }
}

/// A host's session and a plugin's, joined.
struct Joined {
  let host: PeerSession
  let plugin: PeerSession
  /// What the host sends.
  let fromHost = Wire()
  /// What the plugin sends.
  let fromPlugin = Wire()

  init(
    grace: Duration = .seconds(2), host hostHandler: @escaping PeerSession.Handler = { $0.body },
    plugin pluginHandler: @escaping PeerSession.Handler = { $0.body }
  ) {
    host = PeerSession(transport: fromHost, isPlugin: false, grace: grace, handler: hostHandler)
    plugin = PeerSession(transport: fromPlugin, isPlugin: true, grace: grace, handler: pluginHandler)
    fromHost.connect(to: plugin)
    fromPlugin.connect(to: host)
  }
}

/// The way to nobody: keeps what a session does, so that a test can be the other side.
final class Recorder: PeerTransport {
  enum Event: Equatable, Sendable {
    case call(UInt64, budget: Int64, parent: UInt64)
    case send(UInt64, UInt32, [UInt8], flags: UInt32)
    case credit(UInt64, UInt32, UInt64)
    case cancel(UInt64, UInt32)
    case reply(UInt64, UInt32)
  }

  private let kept = Locked<[Event]>([])

  var events: [Event] { kept.withLock { $0 } }

  private func keep(_ event: Event) { kept.withLock { $0.append(event) } }

  func call(_ id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64) {
    keep(.call(id, budget: budgetMilliseconds, parent: parent))
  }

  func send(_ id: UInt64, channel: UInt32, frame: [UInt8], flags: UInt32) {
    keep(.send(id, channel, frame, flags: flags))
  }

  func credit(_ id: UInt64, channel: UInt32, bytes: UInt64) { keep(.credit(id, channel, bytes)) }

  func cancel(_ id: UInt64, reason: UInt32) { keep(.cancel(id, reason)) }

  func reply(_ id: UInt64, status: UInt32, body: [UInt8]) { keep(.reply(id, status)) }
}

/// Waits until `condition` holds, at most half a minute.
func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(30)
  while !condition() {
    try #require(ContinuousClock.now < end, what)
    try await Task.sleep(for: .milliseconds(1))
  }
}

/// Sleeps until it is cancelled, which it notes.
func sleepUntilCancelled(_ cancelled: Locked<Int>) async throws -> Never {
  do {
    while true { try await Task.sleep(for: .seconds(3600)) }
  } catch {
    cancelled.withLock { $0 += 1 }
    throw error
  }
}

extension OutgoingCall {
  /// The error the call ends with.
  func failure() async throws -> PluginError {
    try await #require(throws: PluginError.self) { _ = try await self.result() }
  }
}
