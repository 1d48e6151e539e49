/// A call this side began.
package struct OutgoingCall: Sendable {
  let call: CallState
  let session: PeerSession

  /// The number of the call on the wire.
  package var id: UInt64 { call.id }

  /// What the other side sends on `channel`.
  package func input(_ channel: UInt32) -> ChannelInput {
    ChannelInput(call: call, channel: channel, transport: session.transport)
  }

  /// What this side sends on `channel`.
  package func output(_ channel: UInt32) -> ChannelOutput {
    ChannelOutput(call: call, channel: channel, transport: session.transport)
  }

  /// Asks the other side to end the call; the outcome still comes, at the latest after the grace period.
  ///
  /// The other side is told on another thread: the concurrency runtime runs cancellation handlers with a lock of
  /// their task held, which whoever ends the call needs to wake that task, so a reply would wait for `cancel`.
  package func cancel() {
    DeadlineClock.shared.run { session.cancel(call, reason: Boundary.cancelledByCaller) }
  }

  /// Waits for the outcome; cancelling the task cancels the call.
  package func result() async throws -> [UInt8] {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = call.state.withLock { state in
          if state.outcome != nil { return true }
          state.resultWaiters.append(continuation)
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      cancel()
    }
    guard let outcome = call.state.withLock({ $0.outcome }) else {
      throw PluginError(.internal, "a call was woken without an outcome")
    }
    return try outcome.get()
  }
}

/// A call the other side began and this side serves.
package struct IncomingCall: Sendable {
  let call: CallState
  let session: PeerSession
  /// What was called, such as `keystone.invariant/1.evaluate`.
  package let method: String
  /// The request.
  package let body: [UInt8]
  /// When the caller gives up.
  package let deadline: ContinuousClock.Instant?
  /// What this side attached to the call on whose behalf the other side makes this one.
  package let parentContext: (any Sendable)?

  /// The number of the call on the wire.
  package var id: UInt64 { call.id }

  /// What the caller sends on `channel`.
  package func input(_ channel: UInt32) -> ChannelInput {
    ChannelInput(call: call, channel: channel, transport: session.transport)
  }

  /// What this side sends to the caller on `channel`.
  package func output(_ channel: UInt32) -> ChannelOutput {
    ChannelOutput(call: call, channel: channel, transport: session.transport)
  }

  /// What is left of the caller's budget.
  package var remaining: Duration? { deadline.map { ContinuousClock.now.duration(to: $0) } }
}
