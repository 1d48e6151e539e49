import KeystoneKit

/// The way to a plugin in this process whose `call` may block: calls are made on threads kept for the plugin.
///
/// What is sent for a call is kept until the plugin has been given the call and had a moment to take note of it,
/// since before that it would not know what a frame or a credit is for.
final class PooledTransport: PeerTransport {
  private enum Phase {
    /// No thread is free yet.
    case queued
    /// The plugin was given the call at that time.
    case entered(ContinuousClock.Instant)
    /// What was kept is being handed over.
    case settling
  }

  private struct Call {
    var phase = Phase.queued
    var kept: [@Sendable () -> Void] = []
  }

  private enum Way { case direct, kept, keptFirst }

  private static let moment = Duration.milliseconds(5)

  private let plugin: PeerTable
  private let pool: WorkerPool
  private let place: SessionPlace
  private let calls = Locked<[UInt64: Call]>([:])

  init(_ plugin: PeerTable, concurrency: Int, place: SessionPlace) {
    self.plugin = plugin
    self.place = place
    pool = WorkerPool(limit: concurrency)
  }

  func call(_ id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64) {
    calls.withLock { $0[id] = Call() }
    let deadline = budgetMilliseconds < 0 ? nil : ContinuousClock.now + .milliseconds(budgetMilliseconds)
    pool.run { [self] in
      guard enter(id) else { return }
      let left = deadline.map { max(0, ContinuousClock.now.duration(to: $0).wholeMilliseconds) } ?? -1
      plugin.call(id, method: method, body: body, budgetMilliseconds: left, parent: parent)
      settle(id)
    }
  }

  /// Takes the call out of the queue; false when it was withdrawn meanwhile.
  private func enter(_ id: UInt64) -> Bool {
    let keepsSomething: Bool? = calls.withLock { calls in
      calls[id]?.phase = .entered(.now)
      return calls[id].map { !$0.kept.isEmpty }
    }
    if keepsSomething == true { settleSoon(id) }
    return keepsSomething != nil
  }

  private func settleSoon(_ id: UInt64) {
    // Not a task: the cooperative pool may be busy for longer than a cancelled call may take.
    DeadlineClock.shared.schedule(after: Self.moment) { [self] in settle(id) }
  }

  /// Hands over what was kept; from then on everything goes straight to the plugin.
  private func settle(_ id: UInt64) {
    let isOthers = calls.withLock { calls in
      if case .settling = calls[id]?.phase { return true }
      calls[id]?.phase = .settling
      return false
    }
    while !isOthers {
      let kept = calls.withLock { calls in
        let kept = calls[id]?.kept ?? []
        // Only an empty list ends the keeping, so that nothing overtakes what was kept.
        if kept.isEmpty { calls[id] = nil } else { calls[id]?.kept = [] }
        return kept
      }
      if kept.isEmpty { return }
      for action in kept { action() }
    }
  }

  /// Does `action` now, or later when the plugin may not know the call yet.
  private func hand(_ id: UInt64, _ action: @escaping @Sendable () -> Void) {
    let way = calls.withLock { calls -> Way in
      guard let call = calls[id] else { return .direct }
      if case .entered(let instant) = call.phase, call.kept.isEmpty {
        if instant.duration(to: .now) >= Self.moment { return .direct }
        calls[id]?.kept.append(action)
        return .keptFirst
      }
      calls[id]?.kept.append(action)
      return .kept
    }
    switch way {
    case .direct: action()
    case .kept: break
    case .keptFirst: settleSoon(id)
    }
  }

  func send(_ id: UInt64, channel: UInt32, frame: [UInt8], flags: UInt32) {
    hand(id) { [plugin] in plugin.send(id, channel: channel, frame: frame, flags: flags) }
  }

  func credit(_ id: UInt64, channel: UInt32, bytes: UInt64) {
    hand(id) { [plugin] in plugin.credit(id, channel: channel, bytes: bytes) }
  }

  func cancel(_ id: UInt64, reason: UInt32) {
    let isWithdrawn = calls.withLock { calls in
      guard case .queued = calls[id]?.phase else { return false }
      calls[id] = nil
      return true
    }
    guard isWithdrawn else { return hand(id) { [plugin] in plugin.cancel(id, reason: reason) } }
    let error =
      reason == Boundary.cancelledByDeadline
      ? PluginError(.deadline, "the time was used up before one of the plugin's threads was free", retryable: true)
      : PluginError(.cancelled, "the call was cancelled")
    place.session?.receivedReply(id, status: error.code.status, body: error.body)
  }

  func reply(_ id: UInt64, status: UInt32, body: [UInt8]) { plugin.reply(id, status: status, body: body) }
}
