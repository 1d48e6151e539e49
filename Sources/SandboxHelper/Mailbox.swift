package import KeystoneKit

/// Messages that arrive on the poller's thread and are awaited by one task, in order.
///
/// Bounded by the credit that the task grants: nothing arrives that was not asked for.
package final class Mailbox<Message: Sendable>: Sendable {
  private struct State {
    var messages: [Message] = []
    var head = 0
    var ending: PluginError?
    var hasEnded = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Locked(State())

  package init() {}

  /// Adds a message.
  package func put(_ message: Message) {
    wake { $0.messages.append(message) }
  }

  /// Says that nothing more comes; `next` then answers `nil`, or throws `error`.
  package func finish(_ error: PluginError? = nil) {
    wake { state in
      guard !state.hasEnded else { return }
      state.hasEnded = true
      state.ending = error
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiter = state.withLock { state in
      change(&state)
      let waiter = state.waiter
      state.waiter = nil
      return waiter
    }
    waiter?.resume()
  }

  /// The next message, or `nil` at the end.
  ///
  /// Waits through a cancellation: who cancels also ends the request.
  package func next() async throws(PluginError) -> Message? {
    while true {
      let (message, ending, isOver) = state.withLock { state -> (Message?, PluginError?, Bool) in
        guard state.head < state.messages.count else { return (nil, state.ending, state.hasEnded) }
        let message = state.messages[state.head]
        state.head += 1
        if state.head == state.messages.count {
          state.messages.removeAll(keepingCapacity: false)
          state.head = 0
        }
        return (message, nil, false)
      }
      if let message { return message }
      if let ending { throw ending }
      if isOver { return nil }
      await wait()
    }
  }

  private func wait() async {
    await withCheckedContinuation { continuation in
      let isReady = state.withLock { state in
        if state.head < state.messages.count || state.hasEnded { return true }
        state.waiter = continuation
        return false
      }
      if isReady { continuation.resume() }
    }
  }
}
