import NIOCore
import Testing

@testable import KeystoneGateway

/// One direction of an HTTP connection, taken apart.
@Suite struct HTTPReaderTests {
  /// What a reader makes of bytes that come in pieces: a line for each head, and the bytes it hands on.
  static func read(_ text: [UInt8], pieces: [Int] = [], unsaid: HTTPBody = .counted(0)) throws -> ([String], [UInt8]) {
    var reader = HTTPMessageReader()
    var (heads, passed, rest): ([String], [UInt8], ArraySlice<UInt8>) = ([], [], text[...])
    for size in pieces + [text.count] where !rest.isEmpty {
      var buffer = ByteBuffer(bytes: rest.prefix(size))
      rest = rest.dropFirst(size)
      while let part = try reader.next(&buffer) {
        switch part {
        case .head(let head, let raw):
          heads.append(head.line.joined(separator: " "))
          passed += raw.readableBytesView
          guard let body = head.body(unsaid: unsaid) else { throw HTTPMessageReader.Malformed() }
          reader.expect(body)
        case .body(let piece): passed += piece.readableBytesView
        case .end: heads.append(".")
        }
      }
    }
    return (heads, passed)
  }

  static let traffic = [
    "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello\r\n\r\nyo",
    "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab\r\nc\r\nA;e=\"1\"\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
    "DELETE /d HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "PATCH /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  ].joined()

  static let expected = [
    "GET /a HTTP/1.1", ".", "POST /b HTTP/1.1", ".", "PUT /c HTTP/1.1", ".", "DELETE /d HTTP/1.1", ".",
    "PATCH /e HTTP/1.1", ".",
  ]

  @Test func whateverPiecesBytesComeInTheyAreReadAlikeAndHandedOnWhole() throws {
    let bytes = Array(Self.traffic.utf8)
    for _ in 0..<400 {
      var pieces: [Int] = []
      while pieces.reduce(0, +) < bytes.count { pieces.append(.random(in: 1...(Bool.random() ? 3 : 60))) }
      let (heads, passed) = try Self.read(bytes, pieces: pieces)
      #expect(heads == Self.expected && passed == bytes, "\(pieces)")
    }
  }

  @Test(arguments: [
    "GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\rY: z\r\n\r\n", "GET / HTTP/1.1\r\nA: b\n\r\n",
    "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
    "GET / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\n", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", "GET / HTTP/1.1\r\nX: \u{0}\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
  ])
  func whatTwoReadersCouldReadDifferentlyIsRefused(_ text: String) {
    #expect(throws: HTTPMessageReader.Malformed.self) { try Self.read(Array(text.utf8)) }
  }

  @Test func noBytesCrashTheReaderAndNoneAreInvented() {
    let good = Array(Self.traffic.utf8)
    for _ in 0..<5_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...5) { bytes[.random(in: 0..<bytes.count)] = .random(in: 0 ... .max) }
      let pieces = [Int.random(in: 1...200), .random(in: 1...200)]
      guard let (_, passed) = try? Self.read(bytes, pieces: pieces) else { continue }
      #expect(passed.count <= bytes.count)
    }
  }

  @Test func aHeadWithoutEndIsRefusedInBoundedMemory() {
    var reader = HTTPMessageReader()
    #expect(throws: HTTPMessageReader.Malformed.self) {
      for _ in 0..<1_000 {
        var buffer = ByteBuffer(string: "X-Field-\(Int.random(in: 0...9)): \(String(repeating: "a", count: 200))\r\n")
        while try reader.next(&buffer) != nil {}
      }
    }
  }
}
