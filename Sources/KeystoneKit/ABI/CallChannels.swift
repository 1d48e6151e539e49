/// The frames the other side of a call sends on one channel, in order.
///
/// Nothing is asked for until the first frame is awaited, and never more than 256 KiB are under way, so a
/// consumer that stops also stops the sender. One consumer at a time.
package struct ChannelInput: AsyncSequence, Sendable {
  package typealias Element = [UInt8]

  let call: CallState
  let channel: UInt32
  let transport: any PeerTransport

  package struct AsyncIterator: AsyncIteratorProtocol {
    let input: ChannelInput
    package mutating func next() async throws -> [UInt8]? { try await input.next() }
  }

  package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(input: self) }

  private enum Step {
    case frame([UInt8], credit: Int)
    case end
    case failed(PluginError)
    case wait(credit: Int)
  }

  /// The next frame, or `nil` after the last; throws when the call failed before the channel ended.
  package func next() async throws -> [UInt8]? {
    while true {
      switch call.state.withLock({ step(&$0) }) {
      case .frame(let frame, let credit):
        if credit > 0 { transport.credit(call.id, channel: channel, bytes: UInt64(credit)) }
        return frame
      case .end: return nil
      case .failed(let error): throw error
      case .wait(let credit):
        if credit > 0 { transport.credit(call.id, channel: channel, bytes: UInt64(credit)) }
        try await wait()
      }
    }
  }

  private func step(_ state: inout CallState.State) -> Step {
    // In place: a copy of the input would make each step cost as much as all frames that wait.
    if let (frame, credit) = state.inputs[channel]?.pop() {
      return .frame(frame, credit: state.outcome == nil ? credit : 0)
    }
    if state.inputs[channel]?.hasEnded == true { return .end }
    switch state.outcome {
    case .success: return .end
    case .failure(let error): return .failed(error)
    case nil: break
    }
    return .wait(credit: state.inputs[channel, default: CallState.Input()].refill())
  }

  private func wait() async throws {
    try Task.checkCancellation()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = call.state.withLock { state in
          let input = state.inputs[channel]
          let hasFrame = input.map { $0.head < $0.frames.count || $0.hasEnded } ?? false
          if hasFrame || state.outcome != nil || Task.isCancelled { return true }
          state.inputs[channel, default: CallState.Input()].waiter = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      let waiter = call.state.withLock { state in
        let waiter = state.inputs[channel]?.waiter
        state.inputs[channel]?.waiter = nil
        return waiter
      }
      waiter?.resume()
    }
    try Task.checkCancellation()
  }
}

/// What this side of a call sends on one channel.
///
/// A write waits until the other side has granted credit.
package struct ChannelOutput: Sendable {
  let call: CallState
  let channel: UInt32
  let transport: any PeerTransport

  /// Sends `bytes`, split as the credit allows; throws when the call ends before all of them are sent.
  package func write(_ bytes: [UInt8]) async throws {
    var sent = 0
    while sent < bytes.count {
      let allowed = try await credit(upTo: min(bytes.count - sent, Boundary.maximumFrame))
      let isWhole = sent == 0 && allowed == bytes.count
      let frame = isWhole ? bytes : Array(bytes[sent..<sent + allowed])
      transport.send(call.id, channel: channel, frame: frame, flags: 0)
      sent += allowed
    }
  }

  /// Says that nothing more comes.
  package func end() { transport.send(call.id, channel: channel, frame: [], flags: Boundary.endFlag) }

  private func credit(upTo wanted: Int) async throws -> Int {
    while true {
      try Task.checkCancellation()
      let allowed: Int? = call.state.withLock { state in
        guard state.outcome == nil else { return nil }
        let available = state.outputs[channel]?.credit ?? 0
        let allowed = Int(min(UInt64(wanted), available))
        if allowed > 0 { state.outputs[channel]?.credit -= UInt64(allowed) }
        return allowed
      }
      guard let allowed else { throw PluginError(.unavailable, "the call ended before everything was sent") }
      if allowed > 0 { return allowed }
      await waitForCredit()
    }
  }

  private func waitForCredit() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = call.state.withLock { state in
          if state.outcome != nil || (state.outputs[channel]?.credit ?? 0) > 0 || Task.isCancelled { return true }
          state.outputs[channel, default: CallState.Output()].waiters.append(continuation)
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      let waiters = call.state.withLock { state in
        let waiters = state.outputs[channel]?.waiters ?? []
        state.outputs[channel]?.waiters = []
        return waiters
      }
      for waiter in waiters { waiter.resume() }
    }
  }
}
