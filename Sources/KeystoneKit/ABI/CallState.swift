/// One call with its channels, as either side of the boundary keeps it.
final class CallState: Sendable {
  struct Input {
    var frames: [[UInt8]] = []
    var head = 0
    var unusedCredit = 0
    var consumed = 0
    var hasEnded = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  struct Output {
    var credit: UInt64 = 0
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  struct State {
    var inputs: [UInt32: Input] = [:]
    var outputs: [UInt32: Output] = [:]
    var outcome: Result<[UInt8], PluginError>?
    var resultWaiters: [CheckedContinuation<Void, Never>] = []
    var children: Set<UInt64> = []
    var cancelReason: UInt32?
    var task: Task<Void, Never>?
    var timer: DeadlineClock.Timer?
  }

  enum Delivery { case accepted, ended, overCredit }

  let id: UInt64
  let method: String
  let parent: UInt64
  /// What the side that began the call wants to find again when the other side calls back for it.
  let context: (any Sendable)?
  let state = Locked(State())

  init(id: UInt64, method: String, parent: UInt64, context: (any Sendable)?) {
    self.id = id
    self.method = method
    self.parent = parent
    self.context = context
  }

  /// Sets the outcome once; false when the call had already ended.
  func finish(_ outcome: Result<[UInt8], PluginError>) -> Bool {
    let waiters: [CheckedContinuation<Void, Never>]? = state.withLock { state in
      guard state.outcome == nil else { return nil }
      state.outcome = outcome
      if let timer = state.timer { DeadlineClock.shared.cancel(timer) }
      state.timer = nil
      state.task = nil
      return Self.takeWaiters(&state)
    }
    guard let waiters else { return false }
    for waiter in waiters { waiter.resume() }
    return true
  }

  private static func takeWaiters(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
    var waiters = state.resultWaiters
    state.resultWaiters = []
    for channel in state.inputs.keys {
      if let waiter = state.inputs[channel]?.waiter { waiters.append(waiter) }
      state.inputs[channel]?.waiter = nil
    }
    for channel in state.outputs.keys {
      waiters += state.outputs[channel]?.waiters ?? []
      state.outputs[channel]?.waiters = []
    }
    return waiters
  }

  /// Takes note of a call made on behalf of this one; false when this one has ended already.
  func adopt(_ child: UInt64) -> Bool {
    state.withLock { state in
      guard state.outcome == nil else { return false }
      state.children.insert(child)
      return true
    }
  }

  /// Forgets a call made on behalf of this one, which has ended.
  func disown(_ child: UInt64) { state.withLock { _ = $0.children.remove(child) } }

  /// Stores a frame the other side sent.
  func receive(_ frame: [UInt8], channel: UInt32, isLast: Bool) -> Delivery {
    let (delivery, waiter) = state.withLock { state -> (Delivery, CheckedContinuation<Void, Never>?) in
      guard state.outcome == nil, state.inputs[channel]?.hasEnded != true else { return (.ended, nil) }
      return state.inputs[channel, default: Input()].take(frame, isLast: isLast)
    }
    waiter?.resume()
    return delivery
  }

  /// Adds credit the other side granted.
  func receiveCredit(_ bytes: UInt64, channel: UInt32) {
    let waiters = state.withLock { state in
      guard state.outcome == nil else { return [CheckedContinuation<Void, Never>]() }
      var output = state.outputs[channel] ?? Output()
      let (sum, overflow) = output.credit.addingReportingOverflow(bytes)
      output.credit = overflow ? .max : sum
      let waiters = output.waiters
      output.waiters = []
      state.outputs[channel] = output
      return waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}

extension CallState.Input {
  /// Keeps a frame if there is credit for it; answers with who waits for it.
  mutating func take(_ frame: [UInt8], isLast: Bool) -> (CallState.Delivery, CheckedContinuation<Void, Never>?) {
    guard frame.count <= unusedCredit else { return (.overCredit, nil) }
    unusedCredit -= frame.count
    if !frame.isEmpty { frames.append(frame) }
    hasEnded = isLast
    defer { waiter = nil }
    return (.accepted, waiter)
  }

  /// The oldest frame, and the credit to grant for what was consumed.
  mutating func pop() -> (frame: [UInt8], credit: Int)? {
    guard head < frames.count else { return nil }
    let frame = frames[head]
    frames[head] = []
    head += 1
    if head == frames.count {
      frames.removeAll(keepingCapacity: true)
      head = 0
    }
    consumed += frame.count
    guard consumed >= Boundary.window / 2, !hasEnded else { return (frame, 0) }
    let credit = consumed
    consumed = 0
    unusedCredit += credit
    return (frame, credit)
  }

  /// The credit to grant to a sender when nothing is left to read.
  mutating func refill() -> Int {
    let credit = Boundary.window - unusedCredit
    guard credit >= Boundary.window / 2 else { return 0 }
    unusedCredit += credit
    consumed = 0
    return credit
  }
}
