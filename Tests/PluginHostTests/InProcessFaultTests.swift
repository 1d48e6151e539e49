import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// The boundary itself with a plugin in this process whose `call` may block.
@Suite struct InProcessFaultTests {
  private func load(_ name: String, concurrency: Int) async throws -> PeerSession {
    // A copy is a library of its own, even in one process.
    let file = try IsolatedParts.emptyFolder() + "/\(name).so"
    try FileManager.default.copyItem(atPath: IsolatedParts.plugin(name), toPath: file)
    let descriptor = PluginDescriptor(name: name, version: "1.0.0", concurrency: concurrency, types: [])
    let settings = try SettingValues(descriptor, record: PluginRecord(name: name), options: PluginOptions())
    let plugin = LoadedPlugin(
      descriptor: descriptor, file: file, digest: "", home: .inProcess, isBuiltin: true,
      permissions: PluginPermissions(), settings: settings, identity: try FileReader(file).identity)
    return try await InProcessPlugin.load(plugin) { call in call.body }
  }

  @Test func streamsOfWaitingCallsLoseNoCredit() async throws {
    let session = try await load("c_echo", concurrency: 2)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...40 {
        group.addTask {
          let total = number * 30_000
          let call = session.begin("produce", Array("{\"bytes\":\(total)}".utf8))
          var received = 0
          for try await frame in call.input(1) { received += frame.count }
          _ = try await call.result()
          #expect(received == total)
        }
        group.addTask {
          let call = session.begin("swallow", Array("{\"reading\":true}".utf8))
          let output = call.output(2)
          for _ in 0..<10 { try await output.write([UInt8](repeating: 1, count: 50_000)) }
          output.end()
          #expect(try await call.result() == Array("{\"taken\":500000}".utf8))
        }
      }
      try await group.waitForAll()
    }
    #expect(session.activeCalls == 0 && session.counters.creditViolations == 0)
  }

  @Test func secondReplyIsIgnoredAndCounted() async throws {
    let session = try await load("c_faults", concurrency: 1)
    #expect(try await session.call("fault/reply_twice", []) == Array("{\"reply\":1}".utf8))
    #expect(try await session.call("healthy", []) == Array("{\"healthy\":true}".utf8))
    #expect(session.counters.lateReplies == 1)
  }

  @Test func cancelReachesACallThatHasJustBegun() async throws {
    let session = try await load("c_faults", concurrency: 4)
    for _ in 0..<50 {
      let call = session.begin("fault/reply_after_cancel", [])
      call.cancel()
      _ = try? await call.result()
    }
    #expect(session.counters.abandoned == 0)
  }

  @Test func frameWithoutCreditEndsTheCallOnly() async throws {
    let session = try await load("c_faults", concurrency: 1)
    let error = await #expect(throws: PluginError.self) { _ = try await session.call("fault/no_credit", []) }
    #expect(error?.code == .exhausted && session.counters.creditViolations == 1)
    #expect(try await session.call("healthy", []) == Array("{\"healthy\":true}".utf8))
  }
}
