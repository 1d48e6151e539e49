/// Reads the client's side of the PostgreSQL protocol, version 3: simple and extended queries, and COPY.
///
/// Everything is handed on as it comes; the messages that carry statements are kept until they are complete. Encryption is
/// declined as a server without it does, because nobody could read the statements.
struct PostgresInspector: DatabaseInspector {
  private static let sslRequest: UInt32 = 80_877_103
  private static let gssRequest: UInt32 = 80_877_104
  private static let cancelRequest: UInt32 = 80_877_102
  /// Longer messages are not read, because that would take the time of everybody's connections; what they write shows in the
  /// database's counters.
  private static let longestKept = 1 << 20
  private static let longestMessage = 1 << 30
  /// How many statements and portals of a connection are remembered.
  private static let mostNames = 10_000

  private enum Phase {
    case startup([UInt8])
    case header([UInt8])
    case body(type: UInt8, left: Int, kept: [UInt8]?)
    case opaque
  }

  let language = "postgresql"
  private var phase = Phase.startup([])
  private var events: [DatabaseEvent] = []
  private var statements: [String: Statement] = [:]
  private var portals: [String: Statement] = [:]
  /// Statements that SQL itself prepared.
  private var prepared: [String: [TableWrite]] = [:]
  private var temporary: Set<String> = []

  private struct Statement {
    var text: [UInt8]
    var writes: [TableWrite]
    var executed: [String]
  }

  /// Whether the first bytes of a connection begin this protocol; `nil` while that cannot be told.
  static func recognizes(_ bytes: [UInt8]) -> Bool? {
    guard bytes.count >= 8 else { return bytes.first.map { $0 == 0 ? nil : false } ?? nil }
    let code = integer(bytes[4..<8])
    return integer(bytes[0..<4]) < 64 << 10
      && (code >> 16 == 3 || [sslRequest, gssRequest, cancelRequest].contains(code))
  }

  mutating func takeEvents() -> [DatabaseEvent] {
    defer { events = [] }
    return events
  }

  mutating func client(_ bytes: [UInt8]) throws(Denial) -> (forward: [UInt8], reply: [UInt8]) {
    var (forward, reply): ([UInt8], [UInt8]) = ([], [])
    var rest = bytes[...]
    while !rest.isEmpty {
      switch phase {
      case .startup(var held):
        let wanted = held.count < 4 ? 4 : Int(Self.integer(held[0..<4]))
        guard (4...64 << 10).contains(wanted) else { throw unreadable }
        let part = rest.prefix(wanted - held.count)
        held += part
        rest = rest.dropFirst(part.count)
        phase = .startup(held)
        let isComplete = held.count >= 8 && held.count == Int(Self.integer(held[0..<4]))
        if isComplete { start(held, &forward, &reply) }
      case .header(var held):
        let part = rest.prefix(5 - held.count)
        held += part
        forward += part
        rest = rest.dropFirst(part.count)
        guard held.count == 5 else {
          phase = .header(held)
          continue
        }
        let length = Int(Self.integer(held[1..<5]))
        guard (4...Self.longestMessage).contains(length) else { throw unreadable }
        let isRead = "QPBECF".utf8.contains(held[0]) && length <= Self.longestKept
        phase = .body(type: held[0], left: length - 4, kept: isRead ? [] : nil)
        if length == 4 { finish() }
      case .body(let type, let left, var kept):
        let part = rest.prefix(left)
        forward += part
        rest = rest.dropFirst(part.count)
        phase = .opaque
        kept?.append(contentsOf: part)
        phase = .body(type: type, left: left - part.count, kept: kept)
        if left == part.count { finish() }
      case .opaque:
        forward += rest
        rest = []
      }
    }
    return (forward, reply)
  }

  private var unreadable: Denial {
    Denial("its PostgreSQL messages cannot be read; speak protocol version 3", speaks: .bytes)
  }

  private mutating func start(_ message: [UInt8], _ forward: inout [UInt8], _ reply: inout [UInt8]) {
    switch Self.integer(message[4..<8]) {
    case Self.sslRequest, Self.gssRequest:
      reply.append(UInt8(ascii: "N"))
      phase = .startup([])
    case Self.cancelRequest:
      forward += message
      phase = .opaque
    default:
      forward += message
      phase = .header([])
    }
  }

  private mutating func finish() {
    guard case .body(let type, _, let kept) = phase else { return }
    phase = .header([])
    guard let kept else { return }
    var reader = MessageText(kept)
    switch type {
    case UInt8(ascii: "Q"): run(read(reader.text()))
    case UInt8(ascii: "P"):
      let name = reader.name()
      if statements.count < Self.mostNames { statements[name] = read(reader.text()) }
    case UInt8(ascii: "B"):
      let portal = reader.name()
      if portals.count < Self.mostNames { portals[portal] = statements[reader.name()] }
    case UInt8(ascii: "E"): if let statement = portals[reader.name()] { run(statement) }
    case UInt8(ascii: "C"):
      let kind = reader.byte()
      let name = reader.name()
      if kind == UInt8(ascii: "S") { statements[name] = nil } else { portals[name] = nil }
    default: break
    }
  }

  private mutating func read(_ text: [UInt8]) -> Statement {
    guard Self.mayWrite(text), let found = WriteFinder(text) else {
      return Statement(text: text, writes: [], executed: [])
    }
    temporary.formUnion(found.temporary)
    if prepared.count < Self.mostNames { prepared.merge(found.prepared) { _, new in new } }
    return Statement(text: text, writes: found.writes, executed: found.executed)
  }

  private mutating func run(_ statement: Statement) {
    let writes = statement.writes + statement.executed.flatMap { prepared[$0] ?? [] }
    for write in writes where write.schema != nil || !temporary.contains(write.table) {
      events.append(DatabaseEvent(write, statement: statement.text))
    }
  }

  /// Whether a text is worth parsing: one without any of these words writes no table that a statement names.
  private static func mayWrite(_ text: [UInt8]) -> Bool {
    let words: [StaticString] = [
      "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE", "CREATE", "DROP", "ALTER", "INTO", "PREPARE",
      "EXECUTE",
      "REFRESH", "GRANT", "REVOKE", "COMMENT", "REINDEX", "CLUSTER", "IMPORT", "REASSIGN", "SECURITY",
    ]
    var start = 0
    while start < text.count {
      guard isLetter(text[start]) else {
        start += 1
        continue
      }
      var end = start
      while end < text.count, isLetter(text[end]) { end += 1 }
      let length = end - start
      for word in words where word.utf8CodeUnitCount == length {
        if (0..<length).allSatisfy({ text[start + $0] & 0xdf == word.utf8Start[$0] }) { return true }
      }
      start = end
    }
    return false
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte & 0xdf) }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}

/// The strings of a message, each of which ends with a zero.
private struct MessageText {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func byte() -> UInt8 {
    defer { position += 1 }
    return position < bytes.count ? bytes[position] : 0
  }

  mutating func text() -> [UInt8] {
    let end = bytes[min(position, bytes.count)...].firstIndex(of: 0) ?? bytes.count
    defer { position = min(bytes.count, end + 1) }
    return Array(bytes[min(position, bytes.count)..<end])
  }

  mutating func name() -> String { String(decoding: text(), as: UTF8.self) }
}
