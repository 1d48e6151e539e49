/// Reads the commands that a client sends to Redis: arrays of RESP, and commands in one line.
struct RedisInspector: DatabaseInspector {
  private static let longestLine = 64 << 10
  /// Words of a command that are kept: its name, and its first key.
  private static let keptWords = 2
  private static let longestWord = 256

  private enum Phase {
    case line([UInt8])
    case bulk(left: Int, kept: [UInt8])
    case end(left: Int)
  }

  let language = "redis"
  private var phase = Phase.line([])
  private var wordsLeft = 0
  private var words: [String] = []
  private var events: [DatabaseEvent] = []

  /// Whether the first bytes of a connection are a command as clients of Redis send it.
  static func recognizes(_ bytes: [UInt8]) -> Bool? {
    guard bytes.first == UInt8(ascii: "*") else { return false }
    guard bytes.count >= 2 else { return nil }
    return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[1])
  }

  mutating func takeEvents() -> [DatabaseEvent] {
    defer { events = [] }
    return events
  }

  mutating func client(_ bytes: [UInt8]) throws(Denial) -> (forward: [UInt8], reply: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch phase {
      case .line(var held):
        let end = rest.firstIndex(of: UInt8(ascii: "\n"))
        held += rest[..<(end ?? rest.endIndex)]
        rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
        guard held.count <= Self.longestLine else {
          throw Denial("its Redis commands cannot be read: a line has no end", speaks: .bytes)
        }
        phase = .line(end == nil ? held : [])
        if end != nil { try take(held) }
      case .bulk(let left, var kept):
        let part = rest.prefix(left)
        rest = rest.dropFirst(part.count)
        kept += part.prefix(max(0, Self.longestWord - kept.count))
        phase = .bulk(left: left - part.count, kept: kept)
        if left == part.count { finish(kept) }
      case .end(let left):
        let part = rest.prefix(left)
        rest = rest.dropFirst(part.count)
        phase = left == part.count ? .line([]) : .end(left: left - part.count)
      }
    }
    return (bytes, [])
  }

  private mutating func take(_ line: [UInt8]) throws(Denial) {
    let text = String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...], as: UTF8.self)
    switch text.first {
    case "*":
      guard let count = Int(text.dropFirst()), count <= 1 << 20 else { throw unreadable }
      (wordsLeft, words) = (max(0, count), [])
    case "$":
      guard wordsLeft > 0, let size = Int(text.dropFirst()), (0...512 << 20).contains(size) else { throw unreadable }
      phase = .bulk(left: size, kept: [])
      if size == 0 { finish([]) }
    default:
      guard wordsLeft == 0 else { throw unreadable }
      let found = text.split(separator: " ").map(String.init)
      if let name = found.first {
        events.append(DatabaseEvent(command: name.uppercased(), key: found.dropFirst().first))
      }
    }
  }

  private var unreadable: Denial { Denial("its Redis commands cannot be read", speaks: .bytes) }

  private mutating func finish(_ word: [UInt8]) {
    phase = .end(left: 2)
    if words.count < Self.keptWords { words.append(String(decoding: word, as: UTF8.self)) }
    wordsLeft -= 1
    guard wordsLeft == 0, let name = words.first else { return }
    // What signs in is a secret.
    let isSecret = ["AUTH", "HELLO"].contains(name.uppercased())
    events.append(DatabaseEvent(command: name.uppercased(), key: isSecret ? nil : words.dropFirst().first))
  }
}
