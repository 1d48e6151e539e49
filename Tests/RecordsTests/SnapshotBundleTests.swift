import CZlib
import Foundation
import Testing

@testable import KeystoneRecords

/// What may be in an agent's bundle, and what is refused.
@Suite(.timeLimit(.minutes(1))) struct SnapshotBundleTests {
  struct Entry {
    var name: String
    var type: Character = "0"
    var content = ""
    var link = ""
    var mode = "0000644"
  }

  func tar(_ entries: [Entry]) -> [UInt8] {
    entries.flatMap { entry -> [UInt8] in
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, at offset: Int) {
        for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
      }
      put(entry.name, at: 0)
      put(entry.mode, at: 100)
      let size = String(entry.content.utf8.count, radix: 8)
      put(String(repeating: "0", count: 11 - size.count) + size, at: 124)
      header[156] = entry.type.asciiValue ?? 0
      put(entry.link, at: 157)
      put("ustar\u{0}00", at: 257)
      put("        ", at: 148)
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      put(String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ", at: 148)
      let padding = (512 - entry.content.utf8.count % 512) % 512
      return header + Array(entry.content.utf8) + [UInt8](repeating: 0, count: padding)
    } + [UInt8](repeating: 0, count: 1024)
  }

  func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var (input, output) = (bytes, [UInt8](repeating: 0, count: bytes.count + 1024))
    input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = CUnsignedInt(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = CUnsignedInt(target.count)
        deflate(&stream, Z_FINISH)
      }
    }
    return Array(output.prefix(output.count - Int(stream.avail_out)))
  }

  func unpack(_ bundle: [UInt8], step: Int = 1000, limits: SnapshotBundle.Limits = .init()) throws -> String {
    let folder = NSTemporaryDirectory() + "bundle-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let unpacking = SnapshotBundle(into: folder, limits: limits)
    for start in stride(from: 0, to: bundle.count, by: step) {
      try unpacking.add(bundle[start..<min(bundle.count, start + step)])
    }
    try unpacking.finish()
    return folder
  }

  @Test(arguments: [1, 7, 512, 100_000])
  func unpacksFilesFoldersAndInnerLinks(_ step: Int) throws {
    let long = String(repeating: "d/", count: 60) + "deep.txt"
    let bundle = gzip(
      tar([
        Entry(name: "./agent.py", content: "print(1)", mode: "0000755"), Entry(name: "lib/", type: "5"),
        Entry(name: "lib/a.txt", content: String(repeating: "x", count: 1500)), Entry(name: "empty"),
        Entry(name: "lib/up", type: "2", link: "../agent.py"),
        Entry(name: "././@LongLink", type: "L", content: long + "\u{0}"), Entry(name: "short", content: "deep"),
        Entry(name: "pax", type: "x", content: "18 path=\u{fc}n\u{ef}.txt\n"), Entry(name: "plain", content: "pax"),
      ]))
    let folder = try unpack(bundle, step: step)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func text(_ name: String) throws -> String { try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }
    #expect(try text("agent.py") == "print(1)")
    #expect(try text("lib/a.txt").count == 1500)
    #expect(try text("lib/up") == "print(1)")
    #expect(try text(long) == "deep")
    #expect(try text("ünï.txt") == "pax")
    #expect(try text("empty") == "")
    #expect(FileManager.default.isExecutableFile(atPath: "\(folder)/agent.py"))
    #expect(!FileManager.default.isExecutableFile(atPath: "\(folder)/lib/a.txt"))
  }

  @Test(
    arguments: [
      [Entry(name: "../evil", content: "x")], [Entry(name: "/etc/evil", content: "x")],
      [Entry(name: "a/../../evil", content: "x")], [Entry(name: "l", type: "2", link: "/etc")],
      [Entry(name: "a/l", type: "2", link: "../../etc")], [Entry(name: "l", type: "2", link: "a/../..")],
      [Entry(name: "h", type: "1", link: "agent.py")], [Entry(name: "d", type: "3")], [Entry(name: "p", type: "6")],
      [Entry(name: "l", type: "2", link: ".."), Entry(name: "l/evil", content: "x")],
      [Entry(name: "a", content: "x"), Entry(name: "a/b", content: "x")],
      [Entry(name: "l", type: "2", link: "x"), Entry(name: "l", type: "2", link: "y")], [],
    ] as [[Entry]])
  func refusesWhatCouldDoHarm(_ entries: [Entry]) throws {
    #expect(throws: InvalidRecord.self) { try unpack(gzip(tar(entries))) }
  }

  @Test func neverWritesThroughALink() throws {
    let outside = NSTemporaryDirectory() + "outside-\(UUID().uuidString)"
    let entries = [
      Entry(name: "d", type: "2", link: "e"), Entry(name: "e", type: "2", link: "f"), Entry(name: "d/x", content: "x"),
    ]
    #expect(throws: InvalidRecord.self) { try unpack(gzip(tar(entries))) }
    #expect(!FileManager.default.fileExists(atPath: outside))
  }

  @Test func sizeAndCountAreBounded() throws {
    var limits = SnapshotBundle.Limits()
    limits.bytes = 1000
    let big = gzip(tar([Entry(name: "a", content: String(repeating: "0", count: 2000))]))
    #expect(throws: InvalidRecord.self) { try unpack(big, limits: limits) }
    limits = SnapshotBundle.Limits()
    limits.entries = 3
    let many = gzip(tar((0..<4).map { Entry(name: "f\($0)") }))
    #expect(throws: InvalidRecord.self) { try unpack(many, limits: limits) }
  }

  @Test func damagedBundlesAreRefusedAndNeverTrap() throws {
    let bundle = gzip(tar([Entry(name: "a", content: "hello"), Entry(name: "b/c", content: "world")]))
    for count in stride(from: 0, to: bundle.count - 1, by: 3) {
      #expect(throws: InvalidRecord.self) { try unpack(Array(bundle.prefix(count))) }
    }
    #expect(throws: InvalidRecord.self) { try unpack(Array("no gzip at all".utf8)) }
    #expect(throws: InvalidRecord.self) { try unpack(gzip(Array(repeating: 65, count: 2000))) }
    let plain = tar([Entry(name: "a", content: "hello")])
    for _ in 0..<500 {
      var damaged = plain
      damaged[Int.random(in: damaged.indices)] = .random(in: 0...255)
      if let folder = try? unpack(gzip(damaged)) { try? FileManager.default.removeItem(atPath: folder) }
    }
  }
}
