/// The server name in the first message of a TLS connection (RFC 8446, section 4.1.2; RFC 6066, section 3).
enum ClientHello: Hashable, Sendable {
  /// More bytes are needed.
  case incomplete
  /// It is no such message.
  case malformed
  /// The message is complete.
  case complete(serverName: String?)

  /// The most that such a message may have; browsers with post-quantum keys send about 2 KiB.
  static let longest = 32 << 10

  /// Whether a connection that begins with this byte speaks TLS.
  static func begins(with byte: UInt8) -> Bool { byte == 22 }

  /// Reads the records at the beginning of a connection.
  init(_ bytes: [UInt8]) {
    guard bytes.count <= Self.longest + 5 else {
      self = .malformed
      return
    }
    var handshake: [UInt8] = []
    var place = 0
    while place + 5 <= bytes.count {
      let length = Int(bytes[place + 3]) << 8 | Int(bytes[place + 4])
      guard bytes[place] == 22, bytes[place + 1] == 3, length > 0, length <= 16 << 10 else {
        self = .malformed
        return
      }
      handshake += bytes[(place + 5)..<min(bytes.count, place + 5 + length)]
      place += 5 + length
      if handshake.count >= 4 {
        let size = Int(handshake[1]) << 16 | Int(handshake[2]) << 8 | Int(handshake[3])
        guard handshake[0] == 1, size <= Self.longest else {
          self = .malformed
          return
        }
        if handshake.count >= size + 4 {
          self = Self.message(Array(handshake[4..<size + 4]))
          return
        }
      }
    }
    // Bytes that can begin no record are found out at once, not when the record would be complete.
    let isPossible = zip(bytes.dropFirst(min(place, bytes.count)), [22, 3] as [UInt8]).allSatisfy { $0 == $1 }
    self = isPossible ? .incomplete : .malformed
  }

  private static func message(_ bytes: [UInt8]) -> ClientHello {
    var reader = ByteReader(bytes)
    guard reader.skip(34), reader.skipBlock(1), reader.skipBlock(2), reader.skipBlock(1) else { return .malformed }
    guard !reader.isAtEnd else { return .complete(serverName: nil) }
    guard var extensions = reader.block(2) else { return .malformed }
    var name: String?
    while !extensions.isAtEnd {
      guard let type = extensions.number(2), let content = extensions.block(2) else { return .malformed }
      guard type == 0 else { continue }
      // A second name would let two readers see two names.
      guard name == nil, let found = serverName(content) else { return .malformed }
      name = found
    }
    return .complete(serverName: name)
  }

  private static func serverName(_ content: ByteReader) -> String? {
    var content = content
    guard var list = content.block(2), content.isAtEnd, list.number(1) == 0, let name = list.block(2), list.isAtEnd
    else { return nil }
    return String(decoding: name.rest, as: UTF8.self)
  }
}

/// Reads numbers and blocks whose length comes first.
struct ByteReader {
  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { place == bytes.count }

  /// What has not been read.
  var rest: ArraySlice<UInt8> { bytes[place...] }

  /// Goes on by `count` bytes; false when there are fewer.
  mutating func skip(_ count: Int) -> Bool {
    guard count <= bytes.count - place else { return false }
    place += count
    return true
  }

  /// A number of `size` bytes, the first highest.
  mutating func number(_ size: Int) -> Int? {
    let start = place
    guard skip(size) else { return nil }
    return bytes[start..<place].reduce(0) { $0 << 8 | Int($1) }
  }

  /// A block whose length has `size` bytes.
  mutating func block(_ size: Int) -> ByteReader? {
    guard let length = number(size) else { return nil }
    let start = place
    guard skip(length) else { return nil }
    return ByteReader(Array(bytes[start..<place]))
  }

  /// Goes on behind a block whose length has `size` bytes.
  mutating func skipBlock(_ size: Int) -> Bool { block(size) != nil }
}
