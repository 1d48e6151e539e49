import KeystoneKit

/// A plugin whose code is loaded and configured, wherever it runs.
final class RunningPlugin: Sendable {
  let session: PeerSession
  /// The process, when it has one of its own.
  let process: IsolatedPlugin?
  let started = ContinuousClock.now
  private let poisoned = Locked(false)

  init(_ process: IsolatedPlugin) {
    session = process.session
    self.process = process
  }

  init(_ session: PeerSession) {
    self.session = session
    process = nil
  }

  /// Whether it may be given another call: it lives, and no call of it hung past its time.
  var isUsable: Bool { !poisoned.withLock { $0 } && session.isOpen }

  /// Looks for a call that hung, and ends the process once its other calls have ended; true when it is the first.
  func poisonIfItHangs() -> Bool {
    guard let process, session.counters.abandoned > 0 else { return false }
    let isFirst = poisoned.withLock { poisoned in
      defer { poisoned = true }
      return !poisoned
    }
    guard isFirst else { return false }
    Task { [session] in
      while session.activeCalls > 0, process.death == nil { try? await Task.sleep(for: .milliseconds(50)) }
      process.kill(because: "a call did not end within its time, nor when it was asked to")
    }
    return true
  }
}
