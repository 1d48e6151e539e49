import Glibc
package import KeystoneKit

/// A plugin in a process of its own, and the session with it.
///
/// When the process ends, however that happens, every call that is under way ends with one error that says why,
/// and so does every later one. Starting it again is a matter of whoever holds it.
package final class IsolatedPlugin: Sendable {
  /// The calls to and from the plugin.
  package let session: PeerSession

  private struct State {
    var isReady = false
    var starter: CheckedContinuation<Void, any Error>?
    /// An end that was announced, by the host or by the child.
    var announced: PluginDeath.Cause?
    var death: PluginDeath?
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let label: String
  private let isConfined: Bool
  private let process: ChildProcess
  private let socket: Descriptor
  private let transport: SocketTransport
  private let onEnd: @Sendable (PluginDeath) -> Void
  private let state = Locked(State())
  private let readerEnded = Semaphore()

  init(
    label: String, isConfined: Bool, process: ChildProcess, socket: Descriptor,
    incoming: @escaping PeerSession.Handler, onEnd: @escaping @Sendable (PluginDeath) -> Void
  ) {
    self.label = label
    self.isConfined = isConfined
    self.process = process
    self.socket = socket
    self.onEnd = onEnd
    transport = SocketTransport(socket) { process.kill(because: "it does not read what the host sends it") }
    session = PeerSession(transport: transport, isPlugin: false, handler: incoming)
  }

  /// How the process ended, once it has.
  package var death: PluginDeath? { state.withLock { $0.death } }

  /// The number of the process; that of `bwrap` when it is confined.
  package var processID: Int32 { process.pid }

  /// Ends the process: it may leave by itself within a second and is killed then.
  package func stop() async {
    state.withLock { if $0.announced == nil { $0.announced = .stopped } }
    transport.close()
    let impatience = Task {
      try await Task.sleep(for: .seconds(1))
      process.kill(because: "it did not end when it was asked to")
    }
    await ended()
    impatience.cancel()
  }

  /// Kills the process, for example because a call hangs past its time.
  ///
  /// - Parameter reason: The rest of the sentence "the plugin was killed: …".
  package func kill(because reason: String) { process.kill(because: reason) }

  /// Waits until the process has ended and all its calls have.
  package func ended() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.death == nil { state.waiters.append(continuation) }
        return state.death != nil
      }
      if isOver { continuation.resume() }
    }
  }

  // MARK: Start

  /// Starts the threads that read and watch, and waits for the child's first frame.
  func begin(within limit: Duration) async throws {
    let impatience = Task {
      try await Task.sleep(for: limit)
      process.kill(because: "it was not ready within \(limit)")
    }
    defer { impatience.cancel() }
    try await withCheckedThrowingContinuation { continuation in
      state.withLock { $0.starter = continuation }
      startThread { self.read() }
      startThread { self.watch() }
    }
  }

  private func takeStarter() -> CheckedContinuation<Void, any Error>? {
    state.withLock { state in
      defer { state.starter = nil }
      return state.starter
    }
  }

  // MARK: What the child sends

  private func read() {
    var buffer = FrameBuffer()
    do throws(FrameError) {
      while buffer.fill(from: socket) {
        while let frame = try buffer.next() { try received(frame) }
      }
    } catch {
      process.kill(because: "it broke the protocol by sending \(error.reason); report this to its author")
    }
    readerEnded.signal()
    // A child that has closed its end but does not end itself cannot be used any more.
    if !process.waitUntilEnded(milliseconds: 2000) { process.kill(because: "it closed its connection to the host") }
  }

  private func received(_ frame: Frame) throws(FrameError) {
    let isReady = state.withLock { $0.isReady }
    switch frame {
    case .hello where !isReady:
      state.withLock { $0.isReady = true }
      takeStarter()?.resume()
    case .refused(let reason) where !isReady:
      state.withLock { if $0.announced == nil { $0.announced = .refused(reason) } }
    case _ where !isReady, .hello, .refused: throw FrameError(reason: "a greeting at the wrong time")
    case .call(let id, let method, let body, let budget, let parent):
      session.receivedCall(id, method: method, body: body, budgetMilliseconds: budget, parent: parent)
    case .send(let id, let channel, let flags, let frame):
      session.receivedSend(id, channel: channel, frame: frame, flags: flags)
    case .credit(let id, let channel, let bytes): session.receivedCredit(id, channel: channel, bytes: bytes)
    case .cancel(let id, let reason): session.receivedCancel(id, reason: reason)
    case .reply(let id, let status, let body): session.receivedReply(id, status: status, body: body)
    }
  }

  // MARK: The end

  private func watch() {
    var watcher = OutputWatcher(process)
    watcher.runUntilEnd()
    let end = process.reap()
    let output = watcher.finish()
    // What the child sent before its end still counts; nothing more can come from whoever has its descriptors.
    shutdown(socket.number, Int32(SHUT_RD))
    readerEnded.wait()
    transport.close()
    let death = PluginDeath(
      label: label, cause: cause(of: end, output), fatalError: output.fatalError, evidence: output.evidence)
    session.close(death.error)
    let waiters = state.withLock { state in
      state.death = death
      defer { state.waiters = [] }
      return state.waiters
    }
    takeStarter()?.resume(throwing: death.error)
    for waiter in waiters { waiter.resume() }
    onEnd(death)
  }

  private func cause(of end: ChildProcess.End, _ output: OutputTail) -> PluginDeath.Cause {
    let (announced, isReady) = state.withLock { ($0.announced, $0.isReady) }
    if let announced { return announced }
    if let reason = process.killReason { return .killed(reason) }
    switch end {
    case .exited where isConfined && !isReady && output.lines.last?.hasPrefix("bwrap: ") == true:
      return .refused(
        "bubblewrap could not confine it (\(output.lines.last ?? "")); make what it names available, "
          + "or start the host with -allow-unconfined-plugins")
    // That is how `bwrap` tells of the signal that ended the process inside.
    case .exited(let status) where isConfined && status > 128: return .signalled(status - 128)
    case .exited(let status): return .exited(status)
    case .signalled(let signal): return .signalled(signal)
    }
  }
}
