/// One side of the boundary: the calls it began, the calls it serves, their channels, credits and ends.
///
/// Host and plugin use the same class, since the table of functions is the same both ways. The `received…`
/// functions may be called from any thread and never block.
package final class PeerSession: Sendable {
  /// Serves one call of the other side and answers with the body of the reply.
  package typealias Handler = @Sendable (IncomingCall) async throws -> [UInt8]

  /// What went wrong without ending a call.
  package struct Counters: Sendable, Equatable {
    /// Replies to calls that had ended or never were.
    package var lateReplies = 0
    /// Frames, credits and cancels for calls that had ended or never were.
    package var strayFrames = 0
    /// Calls ended because the other side sent more than it was granted.
    package var creditViolations = 0
    /// Calls that were given up after their grace period.
    package var abandoned = 0
  }

  private struct State {
    var outgoing: [UInt64: CallState] = [:]
    var incoming: [UInt64: CallState] = [:]
    var nextID: UInt64 = 1
    var closed: PluginError?
    var counters = Counters()
  }

  let transport: any PeerTransport
  private let idBit: UInt64
  private let executor: (any TaskExecutor)?
  private let grace: Duration
  private let handler: Handler
  private let state = Locked(State())

  /// A session towards `transport`.
  ///
  /// - Parameters:
  ///   - transport: The other side's five functions.
  ///   - isPlugin: Whether this side is the plugin, whose ids have the top bit set.
  ///   - executor: Where `handler` runs; the global executor when there is none.
  ///   - grace: How long a cancelled call may take to reply before it is given up.
  ///   - handler: Serves the other side's calls.
  package init(
    transport: any PeerTransport, isPlugin: Bool, executor: (any TaskExecutor)? = nil, grace: Duration = .seconds(2),
    handler: @escaping Handler
  ) {
    self.transport = transport
    self.idBit = isPlugin ? 1 << 63 : 0
    self.executor = executor
    self.grace = grace
    self.handler = handler
  }

  /// What has gone wrong so far without ending a call.
  package var counters: Counters { state.withLock { $0.counters } }

  /// Whether calls can be made: nobody has said that the other side is gone.
  package var isOpen: Bool { state.withLock { $0.closed == nil } }

  /// How many calls run in either direction.
  package var activeCalls: Int { state.withLock { $0.outgoing.count + $0.incoming.count } }

  // MARK: Calls this side begins

  /// Begins a call.
  ///
  /// - Parameters:
  ///   - method: What to call.
  ///   - body: The request, at most 16 MiB.
  ///   - budget: The time after which the call is cancelled; none when `nil`.
  ///   - parent: The call of the other side that is being served.
  ///   - context: What to hand to this side's handler when the other side calls back on behalf of this call.
  /// - Returns: The call, whose channels can be used at once.
  package func begin(
    _ method: String, _ body: [UInt8], budget: Duration? = nil, parent: UInt64 = 0, context: (any Sendable)? = nil
  ) -> OutgoingCall {
    let (call, refusal) = state.withLock { state -> (CallState, PluginError?) in
      let call = CallState(id: state.nextID | idBit, method: method, parent: parent, context: context)
      state.nextID += 1
      if let closed = state.closed { return (call, closed) }
      if body.count > Boundary.maximumBody {
        return (call, PluginError(.exhausted, "the request to \(method) is over 16 MiB; send large data on a channel"))
      }
      state.outgoing[call.id] = call
      return (call, nil)
    }
    if let refusal {
      _ = call.finish(.failure(refusal))
      return OutgoingCall(call: call, session: self)
    }
    transport.call(
      call.id, method: method, body: body, budgetMilliseconds: budget.map { max(0, $0.wholeMilliseconds) } ?? -1,
      parent: parent)
    // After the call itself, which its cancel must not overtake.
    if let budget {
      schedule(after: budget, for: call) { [weak self] in self?.cancel(call, reason: Boundary.cancelledByDeadline) }
    }
    return OutgoingCall(call: call, session: self)
  }

  /// Makes a call and waits for its outcome.
  package func call(
    _ method: String, _ body: [UInt8], budget: Duration? = nil, parent: UInt64 = 0, context: (any Sendable)? = nil
  ) async throws -> [UInt8] {
    try await begin(method, body, budget: budget, parent: parent, context: context).result()
  }

  func cancel(_ call: CallState, reason: UInt32) {
    let isFirst = call.state.withLock { state in
      guard state.outcome == nil, state.cancelReason == nil else { return false }
      state.cancelReason = reason
      return true
    }
    guard isFirst else { return }
    remind(call, reason: reason, times: 8)
    // What the other side waits for on behalf of the call is no longer wanted either, or it could not end in time.
    let children = call.state.withLock { $0.children }
    for child in children { receivedCancel(child, reason: reason) }
  }

  /// Says it again until the grace period is over: a plugin that had not noted the call yet ignored the first cancel.
  private func remind(_ call: CallState, reason: UInt32, times: Int) {
    guard times > 0 else { return abandon(call) }
    transport.cancel(call.id, reason: reason)
    schedule(after: grace / 8, for: call) { [weak self] in self?.remind(call, reason: reason, times: times - 1) }
  }

  /// Lets `action` happen unless the call ends before; takes the place of what was scheduled for it.
  private func schedule(after delay: Duration, for call: CallState, _ action: @escaping @Sendable () -> Void) {
    call.state.withLock { state in
      guard state.outcome == nil else { return }
      if let timer = state.timer { DeadlineClock.shared.cancel(timer) }
      state.timer = DeadlineClock.shared.schedule(after: delay, action)
    }
  }

  private func abandon(_ call: CallState) {
    // Counted first, so that whoever is woken by the end of the call finds it counted.
    state.withLock { $0.counters.abandoned += 1 }
    if !end(call, with: .failure(Self.cancellation(of: call))) { state.withLock { $0.counters.abandoned -= 1 } }
  }

  private static func cancellation(of call: CallState) -> PluginError {
    call.state.withLock { $0.cancelReason } == Boundary.cancelledByDeadline
      ? PluginError(.deadline, "\(call.method) did not finish within its time")
      : PluginError(.cancelled, "\(call.method) was cancelled")
  }

  /// Ends an outgoing call here and cancels what was called back on its behalf.
  private func end(_ call: CallState, with outcome: Result<[UInt8], PluginError>) -> Bool {
    state.withLock { _ = $0.outgoing.removeValue(forKey: call.id) }
    guard call.finish(outcome) else { return false }
    let children = call.state.withLock { $0.children }
    for child in children { receivedCancel(child, reason: Boundary.cancelledByCaller) }
    return true
  }

  /// Ends everything with `error`: the other side is gone.
  package func close(_ error: PluginError) {
    let (outgoing, incoming) = state.withLock { state in
      if state.closed == nil { state.closed = error }
      defer {
        state.outgoing = [:]
        state.incoming = [:]
      }
      return (Array(state.outgoing.values), Array(state.incoming.values))
    }
    for call in outgoing { _ = call.finish(.failure(error)) }
    for call in incoming {
      let task = call.state.withLock { $0.task }
      task?.cancel()
      _ = call.finish(.failure(error))
    }
  }

  // MARK: What the other side does

  /// The other side begins a call.
  package func receivedCall(_ id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64) {
    let budget: Duration? = budgetMilliseconds < 0 ? nil : .milliseconds(min(budgetMilliseconds, 1 << 40))
    let call = CallState(id: id, method: method, parent: parent, context: nil)
    let parentCall: CallState?
    switch accept(call, bodySize: body.count) {
    case .ignored: return countStray()
    case .refused(let error): return transport.reply(id, status: error.code.status, body: error.body)
    case .accepted(let found): parentCall = found
    }
    let incoming = IncomingCall(
      call: call, session: self, method: method, body: body, deadline: budget.map { ContinuousClock.now + $0 },
      parentContext: parentCall?.context)
    let isChildOfEnded = parentCall.map { !$0.adopt(id) } ?? false
    let task = Task(executorPreference: executor) { await self.serve(incoming, parent: parentCall) }
    let isCancelled = call.state.withLock { state in
      if state.outcome == nil { state.task = task }
      return state.outcome != nil || state.cancelReason != nil
    }
    if isCancelled || isChildOfEnded { task.cancel() }
  }

  private enum Acceptance {
    case accepted(parent: CallState?)
    case refused(PluginError)
    /// An id that is in use or cannot be the other side's: there is no call to answer.
    case ignored
  }

  private func accept(_ call: CallState, bodySize: Int) -> Acceptance {
    state.withLock { state in
      guard call.id != 0, call.id & 1 << 63 != idBit, state.incoming[call.id] == nil else { return .ignored }
      if let closed = state.closed { return .refused(closed) }
      guard bodySize <= Boundary.maximumBody else {
        return .refused(PluginError(.exhausted, "the request to \(call.method) is over 16 MiB; use a channel"))
      }
      state.incoming[call.id] = call
      return .accepted(parent: call.parent == 0 ? nil : state.outgoing[call.parent])
    }
  }

  private func serve(_ incoming: IncomingCall, parent: CallState?) async {
    let outcome: Result<[UInt8], PluginError>
    do {
      let body = try await handler(incoming)
      outcome =
        body.count <= Boundary.maximumBody
        ? .success(body) : .failure(PluginError(.exhausted, "the reply to \(incoming.method) is over 16 MiB"))
    } catch {
      outcome = .failure(PluginError(error))
    }
    let call = incoming.call
    state.withLock { _ = $0.incoming.removeValue(forKey: call.id) }
    parent?.disown(call.id)
    guard call.finish(outcome) else { return }
    switch outcome {
    case .success(let body): transport.reply(call.id, status: 0, body: body)
    case .failure(let error): transport.reply(call.id, status: error.code.status, body: error.body)
    }
  }

  /// The other side sends a frame.
  package func receivedSend(_ id: UInt64, channel: UInt32, frame: [UInt8], flags: UInt32) {
    guard let call = find(id) else { return countStray() }
    switch call.receive(frame, channel: channel, isLast: flags & Boundary.endFlag != 0) {
    case .accepted: break
    case .ended: countStray()
    case .overCredit: endForViolation(call)
    }
  }

  private func endForViolation(_ call: CallState) {
    state.withLock { $0.counters.creditViolations += 1 }
    let error = PluginError(.exhausted, "\(call.method): the other side sent more than it was granted on a channel")
    if call.id & 1 << 63 == idBit {
      transport.cancel(call.id, reason: Boundary.cancelledByCaller)
      _ = end(call, with: .failure(error))
      return
    }
    let task = call.state.withLock { $0.task }
    task?.cancel()
    state.withLock { _ = $0.incoming.removeValue(forKey: call.id) }
    if call.finish(.failure(error)) { transport.reply(call.id, status: error.code.status, body: error.body) }
  }

  /// The other side grants credit.
  package func receivedCredit(_ id: UInt64, channel: UInt32, bytes: UInt64) {
    guard let call = find(id) else { return countStray() }
    call.receiveCredit(bytes, channel: channel)
  }

  /// The other side wishes that a call it began ends.
  package func receivedCancel(_ id: UInt64, reason: UInt32) {
    guard let call = state.withLock({ $0.incoming[id] }) else { return countStray() }
    let task = call.state.withLock { state in
      state.cancelReason = reason
      return state.task
    }
    task?.cancel()
  }

  /// The other side ends a call this side began.
  package func receivedReply(_ id: UInt64, status: UInt32, body: [UInt8]) {
    guard let call = state.withLock({ $0.outgoing[id] }) else {
      return state.withLock { $0.counters.lateReplies += 1 }
    }
    let outcome: Result<[UInt8], PluginError>
    if body.count > Boundary.maximumBody {
      outcome = .failure(PluginError(.exhausted, "the reply to \(call.method) is over 16 MiB"))
    } else if status == 0 {
      outcome = .success(body)
    } else {
      let error = PluginError(status: status, body: body)
      let wasCancelled = call.state.withLock { $0.cancelReason != nil } && error.code == .cancelled
      outcome = .failure(wasCancelled ? Self.cancellation(of: call) : error)
    }
    if !end(call, with: outcome) { state.withLock { $0.counters.lateReplies += 1 } }
  }

  private func find(_ id: UInt64) -> CallState? {
    state.withLock { state in id & 1 << 63 == idBit ? state.outgoing[id] : state.incoming[id] }
  }

  private func countStray() { state.withLock { $0.counters.strayFrames += 1 } }
}
