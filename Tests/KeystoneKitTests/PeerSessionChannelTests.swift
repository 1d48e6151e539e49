import Testing

@testable import KeystoneKit

/// Channels: credit, ends, and what a consumer or a sender that stops does to the other.
@Suite struct PeerSessionChannelTests {
  private static let window = 256 << 10

  @Test func nothingIsSentBeforeTheFirstFrameIsAwaited() async throws {
    let joined = Joined(plugin: { call in
      try await call.output(1).write([1, 2, 3])
      return []
    })
    let call = joined.host.begin("m", [])
    for _ in 0..<100 { await Task.yield() }
    #expect(joined.fromPlugin.sent(call.id, 1) == 0 && joined.fromHost.granted(call.id, 1) == 0)
    #expect(try await call.input(1).next() == [1, 2, 3])
    #expect(joined.fromHost.granted(call.id, 1) == Self.window)
    _ = try await call.result()
  }

  @Test func stoppedConsumerHoldsTheSenderAt256KiB() async throws {
    let joined = Joined(plugin: { call in
      let output = call.output(1)
      for _ in 0..<64 { try await output.write([UInt8](repeating: 7, count: 64 << 10)) }
      output.end()
      return []
    })
    let call = joined.host.begin("m", [])
    let input = call.input(1)
    var received = try #require(try await input.next()).count
    try await eventually("the sender uses its credit") { joined.fromPlugin.sent(call.id, 1) == Self.window }
    for _ in 0..<200 { await Task.yield() }
    #expect(joined.fromPlugin.sent(call.id, 1) == Self.window)
    while let frame = try await input.next() {
      received += frame.count
      #expect(joined.fromPlugin.sent(call.id, 1) - received <= Self.window)
    }
    #expect(received == 4 << 20)
    _ = try await call.result()
  }

  @Test func bytesArriveWholeAndInOrderWhateverTheirSizes() async throws {
    for seed in UInt64(0)..<6 {
      let joined = Joined(plugin: { call in
        var generator = SeededGenerator(state: seed)
        let (input, output) = (call.input(0), call.output(1))
        while let frame = try await input.next() {
          if Int.random(in: 0..<4, using: &generator) == 0 { await Task.yield() }
          try await output.write(frame)
        }
        output.end()
        return []
      })
      let call = joined.host.begin("m", [])
      let sender = Task {
        var generator = SeededGenerator(state: seed + 1000)
        var total = 0
        for _ in 0..<Int.random(in: 1...60, using: &generator) {
          let size = Int.random(in: 0...Int.random(in: 1...150_000, using: &generator), using: &generator)
          let bytes = (0..<size).map { UInt8((total + $0) % 251) }
          try await call.output(0).write(bytes)
          total += size
        }
        call.output(0).end()
        return total
      }
      var received = 0
      for try await frame in call.input(1) {
        let isInPlace = frame.indices.allSatisfy { frame[$0] == UInt8((received + $0) % 251) }
        #expect(isInPlace, "seed \(seed): a byte is not in its place")
        received += frame.count
        #expect(joined.fromPlugin.sent(call.id, 1) - received <= Self.window)
      }
      #expect(try await sender.value == received, "seed \(seed)")
      _ = try await call.result()
      #expect(joined.host.counters == PeerSession.Counters() && joined.plugin.counters == PeerSession.Counters())
    }
  }

  @Test func framesBeforeASuccessfulReplyStayReadable() async throws {
    let (session, recorder) = host()
    let call = session.begin("m", [])
    let first = Task { try await call.input(1).next() }
    try await eventually("credit is given") { recorder.events.count == 2 }
    session.receivedSend(call.id, channel: 1, frame: [1], flags: 0)
    session.receivedSend(call.id, channel: 1, frame: [2], flags: 0)
    session.receivedSend(call.id, channel: 1, frame: [3], flags: 0)
    session.receivedReply(call.id, status: 0, body: [])
    #expect(try await first.value == [1])
    #expect(try await call.input(1).next() == [2])
    #expect(try await call.input(1).next() == [3])
    #expect(try await call.input(1).next() == nil)
    #expect(try await call.input(9).next() == nil)
  }

  @Test func framesBeforeAFailureStayReadableAndTheErrorFollows() async throws {
    let (session, recorder) = host()
    let call = session.begin("m", [])
    let first = Task { try await call.input(1).next() }
    try await eventually("credit is given") { recorder.events.count == 2 }
    session.receivedSend(call.id, channel: 1, frame: [1], flags: 0)
    session.receivedSend(call.id, channel: 1, frame: [2], flags: 0)
    session.receivedReply(call.id, status: 4, body: [])
    #expect(try await first.value == [1])
    #expect(try await call.input(1).next() == [2])
    let error = await #expect(throws: PluginError.self) { try await call.input(1).next() }
    #expect(error?.code == .notFound)
  }

  @Test func endFlagEndsTheChannelAndWhatComesAfterItIsStray() async throws {
    let (session, recorder) = host()
    let call = session.begin("m", [])
    let first = Task { try await call.input(1).next() }
    try await eventually("credit is given") { recorder.events.count == 2 }
    session.receivedSend(call.id, channel: 1, frame: [1], flags: Boundary.endFlag | 1 << 9)
    session.receivedSend(call.id, channel: 1, frame: [2], flags: 0)
    #expect(try await first.value == [1])
    #expect(try await call.input(1).next() == nil)
    #expect(session.counters.strayFrames == 1 && session.activeCalls == 1)
  }

  @Test func sendingWithoutCreditEndsTheCallOfThisSide() async throws {
    let (session, recorder) = host()
    let call = session.begin("m", [])
    let first = Task { try await call.input(1).next() }
    try await eventually("credit is given") { recorder.events.last == .credit(call.id, 1, UInt64(Self.window)) }
    session.receivedSend(call.id, channel: 1, frame: [UInt8](repeating: 1, count: Self.window), flags: 0)
    #expect(try await first.value?.count == Self.window)
    session.receivedSend(call.id, channel: 2, frame: [1], flags: 0)
    #expect(try await call.failure().code == .exhausted)
    #expect(session.counters.creditViolations == 1)
    #expect(recorder.events.last == .cancel(call.id, Boundary.cancelledByCaller))
    session.receivedReply(call.id, status: 6, body: [])
    #expect(session.counters.lateReplies == 1)
  }

  @Test func sendingWithoutCreditEndsTheCallOfTheOtherSide() async throws {
    let cancelled = Locked(0)
    let recorder = Recorder()
    let session = PeerSession(transport: recorder, isPlugin: true) { _ in try await sleepUntilCancelled(cancelled) }
    session.receivedCall(3, method: "m", body: [], budgetMilliseconds: -1, parent: 0)
    session.receivedSend(3, channel: 0, frame: [1], flags: 0)
    #expect(recorder.events == [.reply(3, PluginError.Code.exhausted.status)])
    try await eventually("it is cancelled") { cancelled.withLock { $0 } == 1 }
    try await eventually("it is over") { session.activeCalls == 0 }
    #expect(recorder.events.count == 1 && session.counters.creditViolations == 1)
  }

  @Test func creditBeyondAllBoundsIsNoMoreThanAllThereIs() async throws {
    let (session, recorder) = host()
    let call = session.begin("m", [])
    session.receivedCredit(call.id, channel: 0, bytes: .max)
    session.receivedCredit(call.id, channel: 0, bytes: .max)
    try await call.output(0).write([UInt8](repeating: 1, count: 3 << 20))
    let sizes = recorder.events.compactMap { event -> Int? in
      if case .send(_, 0, let frame, _) = event { frame.count } else { nil }
    }
    #expect(sizes == [1 << 20, 1 << 20, 1 << 20])
  }

  @Test func cancelledReaderAndWriterWakeUp() async throws {
    let (session, _) = host()
    let call = session.begin("m", [])
    for _ in 0..<50 {
      let reader = Task { try await call.input(1).next() }
      let writer = Task { try await call.output(1).write([1]) }
      if Bool.random() { await Task.yield() }
      reader.cancel()
      writer.cancel()
      await #expect(throws: CancellationError.self) { try await reader.value }
      await #expect(throws: CancellationError.self) { try await writer.value }
    }
    #expect(session.activeCalls == 1)
  }

  private func host() -> (PeerSession, Recorder) {
    let recorder = Recorder()
    return (PeerSession(transport: recorder, isPlugin: false) { $0.body }, recorder)
  }
}
