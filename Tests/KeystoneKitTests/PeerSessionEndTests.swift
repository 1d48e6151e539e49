import Glibc
import Testing

@testable import KeystoneKit

/// How calls end when the other side is late, silent, or answers too often.
@Suite struct PeerSessionEndTests {
  private let recorder = Recorder()

  private func session(grace: Duration = .seconds(30), handler: @escaping PeerSession.Handler = { $0.body })
    -> PeerSession
  {
    PeerSession(transport: recorder, isPlugin: false, grace: grace, handler: handler)
  }

  @Test func replyAfterCancelIsTheOutcome() async throws {
    let session = session()
    let call = session.begin("m", [])
    call.cancel()
    call.cancel()
    try await eventually("the other side is told") { recorder.events.count > 1 }
    session.receivedReply(call.id, status: 0, body: [5])
    #expect(try await call.result() == [5])
    #expect(session.activeCalls == 0 && session.counters.lateReplies == 0)
    // A busy machine may take long enough for the cancel to be said again.
    #expect(recorder.events.first == .call(call.id, budget: -1, parent: 0) && recorder.events.count > 1)
    #expect(recorder.events.dropFirst().allSatisfy { $0 == .cancel(call.id, Boundary.cancelledByCaller) })
  }

  @Test func cancelledReplyAfterCancelSaysCancelled() async throws {
    let session = session()
    let call = session.begin("m", [])
    call.cancel()
    try await eventually("the other side is told") { recorder.events.count > 1 }
    session.receivedReply(call.id, status: 6, body: [])
    #expect(try await call.failure().message == "m was cancelled")
  }

  @Test func cancelledReplyAfterTheDeadlineSaysDeadline() async throws {
    let session = session()
    let call = session.begin("m", [], budget: .milliseconds(5))
    try await eventually("the budget is used up") {
      recorder.events.last == .cancel(call.id, Boundary.cancelledByDeadline)
    }
    session.receivedReply(call.id, status: 6, body: [])
    let error = try await call.failure()
    #expect(error.code == .deadline && error.message.contains("m did not finish"))
  }

  @Test func silentCalleeIsGivenUpAfterTheGraceAndItsReplyCounted() async throws {
    let session = session(grace: .milliseconds(10))
    let call = session.begin("m", [], budget: .zero)
    #expect(try await call.failure().code == .deadline)
    #expect(session.counters.abandoned == 1 && session.activeCalls == 0)
    session.receivedReply(call.id, status: 0, body: [])
    #expect(session.counters.lateReplies == 1)
  }

  @Test func budgetCrossesInMillisecondsAndItsEndComesAfterTheCall() async throws {
    let session = session(grace: .milliseconds(1))
    for _ in 0..<50 {
      let before = recorder.events.count
      let call = session.begin("m", [], budget: .zero)
      _ = try await call.failure()
      let events = recorder.events[before...]
      #expect(events.first == .call(call.id, budget: 0, parent: 0))
      // Said again until the grace period is over.
      #expect(events.count > 2)
      #expect(events.dropFirst().allSatisfy { $0 == .cancel(call.id, Boundary.cancelledByDeadline) })
    }
    _ = session.begin("m", [], budget: .microseconds(1500))
    guard case .call(_, 2, 0) = recorder.events.last else { return #expect(Bool(false), "rounds up") }
  }

  @Test func secondReplyIsCountedAndChangesNothing() async throws {
    let session = session()
    let call = session.begin("m", [])
    session.receivedReply(call.id, status: 0, body: [1])
    session.receivedReply(call.id, status: 9, body: [2])
    #expect(try await call.result() == [1])
    #expect(try await call.result() == [1])
    #expect(session.counters.lateReplies == 1)
  }

  @Test func repliesFromManyThreadsEndTheCallOnce() async throws {
    let session = session()
    for _ in 0..<100 {
      let before = session.counters.lateReplies
      let call = session.begin("m", [])
      await withTaskGroup { group in
        for number in UInt8(0)..<8 { group.addTask { session.receivedReply(call.id, status: 0, body: [number]) } }
      }
      #expect(try await call.result().count == 1)
      #expect(session.counters.lateReplies - before == 7)
    }
  }

  @Test func unknownStatusMeansInternal() async throws {
    let session = session()
    for status: UInt32 in [9, 10, 4_000_000_000] {
      let call = session.begin("m", [])
      session.receivedReply(call.id, status: status, body: Array("not JSON".utf8))
      #expect(try await call.failure().code == .internal)
    }
  }

  @Test func framesForNobodyAreCounted() {
    let session = session()
    session.receivedSend(1 << 63 | 5, channel: 0, frame: [1], flags: 0)
    session.receivedSend(5, channel: 0, frame: [1], flags: 0)
    session.receivedCredit(5, channel: 0, bytes: 1)
    session.receivedCancel(5, reason: 0)
    session.receivedReply(5, status: 0, body: [])
    #expect(session.counters.strayFrames == 4 && session.counters.lateReplies == 1)
    #expect(recorder.events.isEmpty)
  }

  @Test func callsWithIdsThatAreNotTheOtherSidesAreIgnored() async throws {
    let id: UInt64 = 1 << 63 | 9
    let cancelled = Locked(0)
    let session = session { _ in try await sleepUntilCancelled(cancelled) }
    for id: UInt64 in [0, 5, id, id] {
      session.receivedCall(id, method: "m", body: [], budgetMilliseconds: -1, parent: 0)
    }
    #expect(session.activeCalls == 1 && session.counters.strayFrames == 3)
    session.receivedCancel(id, reason: 0)
    try await eventually("it is answered") { recorder.events == [.reply(id, 6)] }
  }

  @Test func childOfACallThatEndsMeanwhileIsCancelled() async throws {
    let cancelled = Locked(0)
    let session = session { call in
      // One that came after the end of its parent belongs to nobody, and its handler refuses it.
      if call.parentContext == nil { return [] }
      try await sleepUntilCancelled(cancelled)
    }
    for number in UInt64(1)...500 {
      let parent = session.begin("m", [], context: "scenario")
      async let child: Void = session.receivedCall(
        1 << 63 | number, method: "c", body: [], budgetMilliseconds: -1, parent: parent.id)
      async let reply: Void = session.receivedReply(parent.id, status: 0, body: [])
      _ = await (child, reply)
    }
    try await eventually("none is left") { session.activeCalls == 0 }
  }

  @Test func repliesDoNotWaitForTheOtherSidesCancelToReturn() async throws {
    let wire = AnsweringInCancel()
    let session = PeerSession(transport: wire, isPlugin: false) { $0.body }
    wire.session.withLock { $0 = session }
    let task = Task { try await session.call("m", []) }
    try await eventually("it is under way") { session.activeCalls == 1 }
    for _ in 0..<100 { await Task.yield() }
    task.cancel()
    #expect(try await task.value == [1])
    try await eventually("cancel has returned") { wire.couldAnswer.withLock { $0 } != nil }
    #expect(wire.couldAnswer.withLock { $0 } == true)
  }

  @Test func cancellingTheTaskCancelsTheCall() async throws {
    let session = session(grace: .milliseconds(10))
    let task = Task { try await session.call("m", []) }
    try await eventually("it is under way") { session.activeCalls == 1 }
    task.cancel()
    let error = await #expect(throws: PluginError.self) { try await task.value }
    #expect(error?.code == .cancelled)
  }
}

/// Another side that answers on a thread of its own before its `cancel` returns.
private final class AnsweringInCancel: PeerTransport {
  let session = Locked<PeerSession?>(nil)
  let couldAnswer = Locked<Bool?>(nil)

  func cancel(_ id: UInt64, reason: UInt32) {
    let answered = Semaphore()
    let session = session.withLock { $0 }
    startThread {
      session?.receivedReply(id, status: 0, body: [1])
      answered.signal()
    }
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let isAnswered = answered.wait(untilMonotonic: Int64(now.tv_sec + 5) * 1_000_000_000)
    couldAnswer.withLock { if $0 == nil { $0 = isAnswered } }
  }

  func call(_ id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64) {}
  func send(_ id: UInt64, channel: UInt32, frame: [UInt8], flags: UInt32) {}
  func credit(_ id: UInt64, channel: UInt32, bytes: UInt64) {}
  func reply(_ id: UInt64, status: UInt32, body: [UInt8]) {}
}
