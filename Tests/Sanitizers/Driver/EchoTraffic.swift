import CKeystonePlugin
import Glibc
import KeystoneKit
import KeystonePluginHost

/// Calls and streams with `c_echo`, on the bare session.
struct EchoTraffic {
  let folder: String
  let home: PluginHome
  private let tally = Tally()

  init(folder: String, home: PluginHome) {
    self.folder = folder
    self.home = home
  }

  func run() async throws -> String {
    let (session, end) = try await open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await interleavedCalls(session) }
      for _ in 0..<4 {
        group.addTask { try await streams(session) }
        group.addTask { try await interruptedCalls(session) }
      }
      group.addTask { await callsFromThreads(session) }
      try await group.waitForAll()
    }
    try await closeWhileCallsRun(session, end)
    try Unexpected.check(session.counters.creditViolations == 0, "credit was not respected: \(session.counters)")
    return tally.text
  }

  /// A session, and what ends the plugin.
  private func open() async throws -> (PeerSession, @Sendable () async -> Void) {
    let file = "\(folder)/c_echo.so"
    switch home {
    case .inProcess: return (try Library.session(file), {})
    case .isolated:
      let plugin = try await IsolatedPlugin.start(
        file: file, helper: "\(folder)/keystone-plugin-host", confinement: nil, concurrency: 0,
        incoming: { $0.body })
      return (plugin.session, { await plugin.stop() })
    }
  }

  private func interleavedCalls(_ session: PeerSession) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<1000 {
        group.addTask {
          let body = [UInt8](repeating: UInt8(number & 127), count: number * 13 % 5000)
          let answer = try await session.call("echo", body)
          try Unexpected.check(answer == body, "echo \(number) is not what was sent")
          tally.count("echoed")
        }
      }
      try await group.waitForAll()
    }
  }

  /// Streams in both directions, read and written to the end.
  private func streams(_ session: PeerSession) async throws {
    for _ in 0..<3 {
      let total = Int.random(in: 1...3 << 20)
      let produced = session.begin("produce", Array("{\"bytes\":\(total)}".utf8))
      let swallowed = session.begin("swallow", Array("{\"reading\": true}".utf8))
      async let received = produced.input(1).reduce(0) { $0 + $1.count }
      let output = swallowed.output(2)
      for piece in stride(from: 0, to: total, by: 70_000) {
        try await output.write([UInt8](repeating: 1, count: min(70_000, total - piece)))
      }
      output.end()
      let taken = try await swallowed.result()
      try Unexpected.check(taken == Array("{\"taken\":\(total)}".utf8), "not all of \(total) bytes were taken")
      let count = try await received
      try Unexpected.check(count == total, "\(count) of \(total) bytes came")
      _ = try await produced.result()
      tally.count("streamed")
    }
  }

  /// Streams that are cancelled, or run out of time, at any moment.
  private func interruptedCalls(_ session: PeerSession) async throws {
    for _ in 0..<60 {
      let budget: Duration? = Bool.random() ? .milliseconds(Int.random(in: 0...15)) : nil
      let call = session.begin("produce", Array("{\"bytes\":\(16 << 20)}".utf8), budget: budget)
      let reader = Task { for try await _ in call.input(1) {} }
      let outcome = Task { try await tally.outcome(call) }
      try? await Task.sleep(for: .microseconds(Int.random(in: 0...3000)))
      switch Int.random(in: 0..<3) {
      case 0: reader.cancel()
      case 1: outcome.cancel()
      default: break
      }
      if budget == nil { call.cancel() }
      try await outcome.value
      _ = try? await reader.value
    }
  }

  /// Begins and cancels on plain threads, which is where a plugin's own callbacks come from too.
  private func callsFromThreads(_ session: PeerSession) async {
    let left = Locked(8)
    await withCheckedContinuation { continuation in
      for _ in 0..<8 {
        startThread {
          for number in 0..<100 {
            let call = session.begin("swallow", Array("{\"reading\":false}".utf8), budget: .milliseconds(number % 20))
            if number % 3 == 0 { call.cancel() }
            if number % 5 == 0 { call.output(2).end() }
            session.receivedReply(call.id &+ 1_000_000, status: 0, body: [])
          }
          let isLast = left.withLock { left in
            left -= 1
            return left == 0
          }
          if isLast { continuation.resume() }
        }
      }
    }
  }

  private func closeWhileCallsRun(_ session: PeerSession, _ end: @escaping @Sendable () async -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          let call = session.begin("produce", Array("{\"bytes\":\(16 << 20)}".utf8))
          let reader = Task { for try await _ in call.input(1) {} }
          try await tally.outcome(call)
          _ = try? await reader.value
        }
      }
      group.addTask {
        try await Task.sleep(for: .milliseconds(20))
        await end()
        session.close(PluginError(.unavailable, "the driver is done"))
      }
      try await group.waitForAll()
    }
    try Unexpected.check(session.activeCalls == 0, "\(session.activeCalls) calls are left")
  }
}

/// Loads a plugin that has no descriptor, as the host loads those that have one.
enum Library {
  private typealias EntryPoint = @convention(c) (UnsafePointer<ks_peer>) -> UnsafePointer<ks_peer>?

  static func session(_ file: String) throws -> PeerSession {
    guard let library = dlopen(file, RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(library, "keystone_plugin_1") else {
      throw Unexpected(description: dlerror().map { String(cString: $0) } ?? "\(file) has no entry point")
    }
    let place = Locked<PeerSession?>(nil)
    let enter = unsafeBitCast(symbol, to: EntryPoint.self)
    guard let answer = enter(PeerTableOwner({ place.withLock { $0 } }).makeTable()), let table = PeerTable(answer)
    else { throw Unexpected(description: "\(file) refused") }
    let session = PeerSession(transport: table, isPlugin: false) { $0.body }
    place.withLock { $0 = session }
    return session
  }
}
