import Testing

@testable import KeystoneKit

/// Calls between two sessions: outcomes, nesting, limits and the end of the session.
@Suite struct PeerSessionCallTests {
  @Test func thousandCallsInterleaveInBothDirections() async throws {
    let joined = Joined(plugin: { call in
      let echoed = try await call.session.call("back", call.body, parent: call.id)
      return echoed
    })
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<1000 {
        group.addTask {
          let body = [UInt8](repeating: UInt8(number & 255), count: number * 7 % 3000)
          let answer = try await joined.host.call("there", body)
          #expect(answer == body)
        }
      }
      try await group.waitForAll()
    }
    #expect(joined.host.activeCalls == 0 && joined.plugin.activeCalls == 0)
    #expect(joined.host.counters == PeerSession.Counters() && joined.plugin.counters == PeerSession.Counters())
    let replies = Array(joined.fromHost.replies.values) + Array(joined.fromPlugin.replies.values)
    #expect(replies.count == 2000 && replies.allSatisfy { $0 == 1 })
  }

  @Test func idsTellWhoBeganTheCall() async throws {
    let joined = Joined()
    let fromHost = joined.host.begin("m", [])
    let fromPlugin = joined.plugin.begin("m", [])
    #expect(fromHost.id >> 63 == 0 && fromHost.id != 0)
    #expect(fromPlugin.id >> 63 == 1)
    _ = try await (fromHost.result(), fromPlugin.result())
  }

  @Test func errorsCrossWithAllTheirMembers() async throws {
    let sent = PluginError(
      .denied, "no", detail: "because", retryable: true, diagnostics: [.init(path: "$.a", message: "wrong")])
    let joined = Joined(plugin: { _ in throw sent })
    let received = try await joined.host.begin("m", []).failure()
    #expect(received.code == sent.code && received.message == sent.message && received.detail == sent.detail)
    #expect(received.retryable && received.diagnostics == sent.diagnostics)
  }

  @Test func contextOfTheParentReachesTheHandler() async throws {
    let joined = Joined(
      host: { call in Array((call.parentContext as? String ?? "none").utf8) },
      plugin: { call in
        try await call.session.call("with", [], parent: call.id)
          + call.session.call("without", []) + call.session.call("unknown", [], parent: call.id + 1000)
      })
    let answer = try await joined.host.call("m", [], context: "sandbox 7")
    #expect(answer == Array("sandbox 7nonenone".utf8))
  }

  @Test func requestsOver16MiBAreRefused() async throws {
    let joined = Joined()
    let largest = [UInt8](repeating: 7, count: 16 << 20)
    #expect(try await joined.host.call("m", largest).count == 16 << 20)
    let error = try await joined.host.begin("m", largest + [1]).failure()
    #expect(error.code == .exhausted && error.message.contains("16 MiB"))
    joined.plugin.receivedCall(77, method: "m", body: largest + [1], budgetMilliseconds: -1, parent: 0)
    #expect(joined.fromPlugin.replies[77] == 1 && joined.plugin.activeCalls == 0)
  }

  @Test func repliesOver16MiBAreRefused() async throws {
    let joined = Joined(plugin: { _ in [UInt8](repeating: 7, count: 16 << 20 + 1) })
    #expect(try await joined.host.begin("m", []).failure().code == .exhausted)
    let recorder = Recorder()
    let session = PeerSession(transport: recorder, isPlugin: false) { $0.body }
    let call = session.begin("m", [])
    session.receivedReply(call.id, status: 0, body: [UInt8](repeating: 7, count: 16 << 20 + 1))
    #expect(try await call.failure().code == .exhausted)
  }

  @Test func endOfTheParentCancelsWhatWasAskedOnItsBehalf() async throws {
    let cancelled = Locked(0)
    let reached = Locked(0)
    let joined = Joined(
      grace: .milliseconds(50),
      host: { _ in
        reached.withLock { $0 += 1 }
        try await sleepUntilCancelled(cancelled)
      },
      plugin: { call in
        _ = call.session.begin("slow", [], parent: call.id)
        _ = call.session.begin("slow", [], parent: call.id)
        try await eventually("both have begun") { reached.withLock { $0 } == 2 }
        return []
      })
    _ = try await joined.host.call("m", [])
    try await eventually("both are cancelled") { cancelled.withLock { $0 } == 2 }
    try await eventually("nothing is left") { joined.host.activeCalls == 0 && joined.plugin.activeCalls == 0 }
  }

  @Test func closeFailsEverything() async throws {
    let cancelled = Locked(0)
    let joined = Joined(
      host: { _ in try await sleepUntilCancelled(cancelled) },
      plugin: { call in
        _ = try await call.session.call("slow", [], parent: call.id)
        return []
      })
    let calls = (0..<20).map { _ in joined.host.begin("m", []) }
    let reader = Task { try await calls[0].input(1).next() }
    let writer = Task { try await calls[1].output(1).write([1]) }
    try await eventually("all are served") { joined.host.activeCalls == 40 }
    joined.host.close(PluginError(.unavailable, "gone"))
    for call in calls { #expect(try await call.failure().message == "gone") }
    await #expect(throws: PluginError.self) { try await reader.value }
    await #expect(throws: PluginError.self) { try await writer.value }
    try await eventually("what was served is cancelled") { cancelled.withLock { $0 } == 20 }
    #expect(joined.host.activeCalls == 0)
    #expect(try await joined.host.begin("m", []).failure().message == "gone")
    // The other side is told too, if it is still there to hear it.
    #expect(try await joined.plugin.begin("m", []).failure().message == "gone")
  }
}
