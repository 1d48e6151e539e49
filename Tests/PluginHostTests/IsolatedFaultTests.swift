import Foundation
import KeystoneKit
import Synchronization
import Testing

@testable import KeystonePluginHost

/// Every way in which a plugin can go wrong costs its calls, with one clear error, and nothing else.
@Suite struct IsolatedFaultTests {
  @Test func crashEndsEveryCallWithTheSignal() async throws {
    let deaths = Mutex<[PluginDeath]>([])
    let plugin = try await startIsolated(
      "c_faults", concurrency: 2, onEnd: { death in deaths.withLock { $0.append(death) } })
    async let other = plugin.error("fault/hang")
    let error = try await plugin.error("fault/crash")
    #expect(error.code == .unavailable)
    #expect(error.message.contains("plugin c_faults 1.0.0 crashed with signal 11 (SIGSEGV)"))
    #expect(try await other == error)
    await plugin.ended()
    #expect(try await plugin.error("healthy") == error)
    #expect(plugin.death?.cause == .signalled(11))
    try await eventually { deaths.withLock { $0.count } == 1 }
  }

  @Test func abortTellsTheLastLines() async throws {
    let error = try await startIsolated("c_faults").error("fault/abort")
    #expect(error.message.contains("signal 6 (SIGABRT)"))
    #expect(error.detail == "c_faults: the invariant of an invariant broke")
  }

  @Test func trapTellsTheFatalError() async throws {
    let error = try await startIsolated("c_faults").error("fault/trap")
    #expect(error.message.contains("signal 4 (SIGILL): c_faults/Evaluate.swift:12: Fatal error: Index out of range"))
  }

  @Test func frozenCrashReportIsEndedAndQuoted() async throws {
    let plugin = try await startIsolated("c_faults")
    let start = ContinuousClock.now
    let error = try await plugin.error("fault/crash_report")
    #expect(ContinuousClock.now - start < .seconds(10))
    #expect(error.message.contains("Fatal error: Unexpectedly found nil"))
    #expect(error.detail == "0 evaluate + 12 in c_faults.so\n1 receive + 40 in c_faults.so")
  }

  @Test(arguments: [0, 3]) func exitIsAnError(status: Int32) async throws {
    let error = try await startIsolated("c_faults").error("fault/exit", "{\"status\": \(status)}")
    #expect(error.message.contains("ended with exit status \(status) in the middle of its work"))
  }

  @Test func hangEndsAtTheDeadlineAndTheProcessCanBeKilled() async throws {
    let plugin = try await startIsolated("c_faults")
    let error = try await plugin.error("fault/hang", budget: .milliseconds(50))
    #expect(error.code == .deadline)
    try await eventually { plugin.session.counters.abandoned == 1 }
    plugin.kill(because: "fault/hang did not end after its time")
    await plugin.ended()
    #expect(try await plugin.error("healthy").message.contains("was killed: fault/hang did not end after its time"))
  }

  @Test func secondReplyIsIgnoredAndCounted() async throws {
    let plugin = try await startIsolated("c_faults")
    #expect(try await plugin.text("fault/reply_twice") == "{\"reply\":1}")
    #expect(try await plugin.text("healthy") == "{\"healthy\":true}")
    #expect(plugin.session.counters.lateReplies == 1)
    await plugin.stop()
  }

  @Test func replyAfterCancelStillEndsTheCall() async throws {
    let plugin = try await startIsolated("c_faults")
    let call = plugin.session.begin("fault/reply_after_cancel", [])
    call.cancel()
    // Either the call had begun and replies with what it has, or it was withdrawn before.
    do {
      #expect(try await call.result() == Array("{\"reply\":\"late\"}".utf8))
    } catch let error as PluginError {
      #expect(error.code == .cancelled)
    }
    #expect(try await plugin.text("healthy") == "{\"healthy\":true}")
    #expect(plugin.session.activeCalls == 0)
    await plugin.stop()
  }

  @Test func missingReplyEndsAtTheDeadline() async throws {
    let plugin = try await startIsolated("c_faults")
    #expect(try await plugin.error("fault/reply_never", budget: .milliseconds(50)).code == .deadline)
    #expect(try await plugin.text("healthy") == "{\"healthy\":true}")
    await plugin.stop()
  }

  @Test func unknownStatusIsInternal() async throws {
    let plugin = try await startIsolated("c_faults")
    #expect(try await plugin.error("fault/unknown_status").code == .internal)
    await plugin.stop()
  }

  @Test(arguments: ["fault/oversized_body", "fault/oversized_frame", "fault/no_credit"])
  func tooMuchEndsTheCallAlone(fault: String) async throws {
    let plugin = try await startIsolated("c_faults")
    #expect(try await plugin.error(fault).code == .exhausted)
    #expect(try await plugin.text("healthy") == "{\"healthy\":true}")
    #expect(plugin.session.activeCalls == 0)
    await plugin.stop()
  }

  @Test func garbageOnTheSocketKillsTheProcess() async throws {
    let plugin = try await startIsolated("c_faults")
    let error = try await plugin.error("fault/garbage_frames")
    #expect(error.message.contains("it broke the protocol by sending a frame with the impossible length"))
    await plugin.ended()
  }

  @Test func garbageInsideAReplyReachesTheCaller() async throws {
    let plugin = try await startIsolated("c_faults")
    let body = try await plugin.session.call("fault/garbage_reply", [])
    #expect(throws: (any Error).self) { try JSONValue(parsing: body) }
    await plugin.stop()
  }

  @Test func strayPrintHarmsNobody() async throws {
    let plugin = try await startIsolated("c_faults")
    #expect(try await plugin.text("fault/stray_print") == "{\"printed\":true}")
    await plugin.stop()
    #expect(plugin.death?.evidence == "a stray print")
  }

  @Test func grandchildDoesNotHideTheEnd() async throws {
    let plugin = try await startIsolated("c_faults")
    let error = try await plugin.error("fault/grandchild")
    #expect(error.message.contains("exit status 5"))
    await plugin.ended()
  }

  @Test func noiseIsCutToItsEnd() async throws {
    let plugin = try await startIsolated("c_faults")
    _ = try await plugin.text("fault/noise")
    await plugin.stop()
    #expect(plugin.death?.evidence?.hasSuffix("the last line") == true)
  }

  @Test func callThatWaitsForAThreadCanBeWithdrawn() async throws {
    let plugin = try await startIsolated("c_faults")
    let first = plugin.session.begin("fault/hang", [])
    let second = plugin.session.begin("healthy", [])
    second.cancel()
    let error = try await #require(throws: PluginError.self) { try await second.result() }
    #expect(error.code == .cancelled)
    #expect(plugin.session.counters.abandoned == 0)
    await plugin.stop()
    await #expect(throws: PluginError.self) { try await first.result() }
  }
}
