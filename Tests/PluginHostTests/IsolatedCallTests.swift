import Foundation
import KeystoneKit
import Synchronization
import Testing

@testable import KeystonePluginHost

/// Calls, streams and host services across the process border, one after another because they measure memory.
@Suite(.serialized) struct IsolatedCallTests {
  @Test(arguments: [0, 1, 4]) func thousandCallsInterleave(concurrency: Int) async throws {
    let plugin = try await startIsolated("c_echo", concurrency: concurrency)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<1000 {
        group.addTask {
          let text = "\"\(number) \(String(repeating: "x", count: number * 7 % 5000))\""
          let answer = try await plugin.text("echo", text)
          #expect(answer == text)
        }
      }
      try await group.waitForAll()
    }
    #expect(plugin.session.activeCalls == 0)
    #expect(plugin.session.counters.lateReplies == 0 && plugin.session.counters.strayFrames == 0)
    await plugin.stop()
  }

  @Test func largestBodyGoesBothWays() async throws {
    let plugin = try await startIsolated("c_echo")
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: 16 << 20)
    #expect(try await plugin.session.call("echo", body) == body)
    await plugin.stop()
  }

  @Test func gigabyteFromThePluginWaitsForItsConsumer() async throws {
    let plugin = try await startIsolated("c_echo", concurrency: 0)
    let before = try MemoryUse.resetPeak()
    let total = 1 << 30
    let call = plugin.session.begin("produce", Array("{\"bytes\":\(total)}".utf8))
    var input = call.input(1).makeAsyncIterator()
    var received = try await input.next()?.count ?? 0
    // The consumer stops here: the plugin goes on until its credit is used up, and no further.
    for _ in 0..<20 { #expect(try await plugin.text("echo", "{}") == "{}") }
    while let frame = try await input.next() { received += frame.count }
    #expect(received == total)
    _ = try await call.result()
    #expect(MemoryUse.peak(of: plugin.processID) < 64 << 20)
    #expect(MemoryUse.peak(of: getpid()) - before < 64 << 20)
    await plugin.stop()
  }

  @Test func gigabyteToThePluginWaitsForItsConsumer() async throws {
    let plugin = try await startIsolated("c_echo", concurrency: 0)
    let before = try MemoryUse.resetPeak()
    let stopped = plugin.session.begin("swallow", Array("{\"reading\":false}".utf8))
    let written = Mutex(0)
    let writer = Task {
      let output = stopped.output(2)
      for _ in 0..<1024 {
        try await output.write([UInt8](repeating: 1, count: 1 << 16))
        written.withLock { $0 += 1 << 16 }
      }
    }
    try await eventually { written.withLock { $0 } == 256 << 10 }
    let running = plugin.session.begin("swallow", Array("{\"reading\":true}".utf8))
    let output = running.output(2)
    let piece = [UInt8](repeating: 1, count: 1 << 20)
    for _ in 0..<1024 { try await output.write(piece) }
    output.end()
    #expect(try await running.result() == Array("{\"taken\":\(1 << 30)}".utf8))
    #expect(written.withLock { $0 } == 256 << 10)
    stopped.cancel()
    await #expect(throws: (any Error).self) { try await writer.value }
    #expect(MemoryUse.peak(of: plugin.processID) < 64 << 20)
    #expect(MemoryUse.peak(of: getpid()) - before < 64 << 20)
    await plugin.stop()
  }

  @Test func checkInPlainCReadsThroughTheHost() async throws {
    let plugin = try await startIsolated("c_lines_at_most", concurrency: 4) { call in
      #expect(call.method == "keystone.host/1.read")
      #expect(call.parentContext as? String == "sandbox 7")
      guard try JSONValue(parsing: call.body)["path"]?.string == "né\n.txt" else {
        throw PluginError(.notFound, "there is no such file")
      }
      let output = call.output(1)
      for _ in 0..<300 { try await output.write(Array(String(repeating: "line\n", count: 1000).utf8)) }
      try await output.write(Array("and one without its end".utf8))
      output.end()
      return Array("{}".utf8)
    }
    func evaluate(_ parameters: String) async throws -> String {
      let body = "{\"type\": \"lines_at_most\", \"parameters\": \(parameters)}"
      let answer = try await plugin.session.call(
        "keystone.invariant/1.evaluate", Array(body.utf8), context: "sandbox 7")
      return String(decoding: answer, as: UTF8.self)
    }
    #expect(
      try await evaluate("{\"path\": \"n\\u00e9\\n.txt\", \"max\": 300001}")
        == "{\"score\": 1, \"passed\": true, \"reason\": \"300001 lines, at most 300001 allowed\"}")
    #expect(
      try await evaluate("{\"max\": 300000, \"path\": \"né\\n.txt\"}")
        == "{\"score\": 0, \"passed\": false, \"reason\": \"300001 lines, at most 300000 allowed\"}")
    #expect(
      try await evaluate("{\"path\": \"other\"}")
        == "{\"score\": 0, \"passed\": false, \"reason\": \"there is no such file\"}")
    await plugin.stop()
  }

  @Test func plainCDescribesItself() async throws {
    let plugin = try await startIsolated("c_lines_at_most")
    let descriptor = try JSONValue(parsing: await plugin.session.call("keystone.plugin/1.describe", []))
    #expect(descriptor["name"]?.string == "c")
    #expect(descriptor["types"]?.array?.first?["parameters"]?["required"] == ["path"])
    #expect(try await plugin.error("keystone.notifier/1.notify").code == .unsupported)
    await plugin.stop()
  }

  @Test func endOfTheCallCancelsWhatThePluginAskedFor() async throws {
    let reached = Semaphore()
    let wasCancelled = Mutex(false)
    let plugin = try await startIsolated("c_lines_at_most") { _ in
      reached.signal()
      do {
        try await Task.sleep(for: .seconds(3600))
      } catch {
        wasCancelled.withLock { $0 = true }
        throw error
      }
      return []
    }
    let call = plugin.session.begin(
      "keystone.invariant/1.evaluate", Array("{\"parameters\": {\"path\": \"a\"}}".utf8), budget: .milliseconds(100))
    let error = try await #require(throws: PluginError.self) { try await call.result() }
    #expect(error.code == .deadline)
    try await eventually { wasCancelled.withLock { $0 } }
    await plugin.stop()
  }
}

/// What a process has used of memory, from `/proc`.
enum MemoryUse {
  /// Lets the peak of this process begin anew, and answers with what it uses now.
  static func resetPeak() throws -> Int {
    try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    return peak(of: getpid())
  }

  /// The largest resident set so far, in bytes.
  static func peak(of pid: Int32) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropFirst().first).flatMap { Int($0) }.map { $0 * 1024 } ?? .max
  }
}
