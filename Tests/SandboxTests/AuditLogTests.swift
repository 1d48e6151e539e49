import Glibc
import KeystoneKit
import Testing

@testable import KeystoneSandbox

/// The log keeps everything in order and in a file, and shows what was changed in it.
@Suite struct AuditLogTests {
  private func withLog(_ secrets: [String: String] = [:], _ body: (AuditLog) throws -> Void) throws {
    var template = Array("/tmp/keystone-audit-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { _ = system("rm -rf \(folder)") }
    try body(AuditLog(folder: ArtifactFolder(path: folder), patterns: SecretPatterns(secrets)))
  }

  private func lines(of log: AuditLog) throws -> [ArraySlice<UInt8>] {
    try LocalFile(log.path).whole().split(separator: UInt8(ascii: "\n"))
  }

  @Test func whatWasRecordedIsReadBackWhereverThePiecesEnd() throws {
    try withLog { log in
      for number in 0..<500 {
        let text = String(repeating: "x", count: number * 7 % 911)
        try log.record(
          phase: number % 3 == 0 ? "agent" : "check:agent", actor: "agent",
          event: number % 2 == 0 ? "stdout" : "command",
          [
            "text": .string("\"event\":\"stdout\",\"data\":\(text)"),
            "number": .integer(Int64(number)),
          ])
      }
      let wanted = (0..<500).filter { $0 % 6 == 0 }.map { JSONValue.integer(Int64($0)) }
      #expect(
        try log.records(phase: "agent", events: ["stdout"]).map { $0.data["number"] } == wanted)
      for limit in [1, 100, 1000, 4096, 1 << 20] {
        var (position, found): (Int?, [UInt8]) = (0, [])
        while let start = position {
          let (bytes, next) = try log.lines(
            phase: "agent", events: ["stdout"], from: start, limit: limit)
          found += bytes
          position = next
        }
        #expect(found.split(separator: UInt8(ascii: "\n")).count == wanted.count, "\(limit)")
      }
    }
  }

  @Test func anyChangeOfALineIsFound() throws {
    try withLog { log in
      for number in 0..<50 {
        try log.record(phase: "agent", actor: "a", event: "e", ["n": .integer(Int64(number))])
      }
      try log.close()
      var lines = try lines(of: log)
      #expect(AuditChain.verify(lines) == .success(log.head))
      for index in [0, 1, 25, 48] {
        var changed = lines
        changed[index] = ArraySlice(
          String(decoding: changed[index], as: UTF8.self).replacing("\"n\":", with: "\"m\":").utf8)
        #expect(AuditChain.verify(changed) == .failure(.init(number: index + 2)))
        changed = lines
        changed.remove(at: index)
        #expect(AuditChain.verify(changed) == .failure(.init(number: index + 1)))
        changed = lines
        changed.swapAt(index, index + 1)
        #expect(AuditChain.verify(changed) == .failure(.init(number: index + 1)))
      }
      lines.removeLast()
      #expect(AuditChain.verify(lines) != .success(log.head))
    }
  }

  @Test func secretsInEventsOfTheKernelAreMaskedAndNamed() throws {
    try withLog(["TOKEN": "x-y-\"z\"-secret"]) { log in
      let path = JSONValue.object(["path": "src/x-y-\"z\"-secret.txt"]).bytes
      try log.record(phase: "agent", actor: "agent", event: "file_write", json: path)
      let record = try #require(try log.records(phase: "agent", events: []).first)
      #expect(record.data["path"] == "src/[secret TOKEN].txt" && record.secrets == ["TOKEN"])
    }
  }

  @Test func nothingIsRecordedOnceItIsClosed() throws {
    try withLog { log in
      try log.record(phase: "agent", actor: "a", event: "e", [:])
      try log.close()
      try log.record(phase: "agent", actor: "a", event: "e", [:])
      try log.close()
      #expect(try lines(of: log).count == 1 && log.head.records == 1)
    }
  }
}
