import Glibc
package import KeystoneKit

/// The audit log of one sandbox: what happened, in order, as JSON lines in its artifact folder.
///
/// Records are masked before they are written. Each carries the SHA-256 of the line before it, so that nobody who does not
/// know the last hash, which is stored with the verdict, can change one unseen. Memory stays bounded: what was recorded is
/// read back from the file.
package final class AuditLog: Sendable {
  private struct State {
    var count = 0
    var previous = AuditChain.start
    var unwritten: [UInt8] = []
    var file: ArtifactFile?
    var textBytes = 0
    var clock = AuditClock()
    var isClosed = false
  }

  /// How much output text a log holds; what comes after is recorded by its size and its secrets only.
  private static let textLimit = 4 << 20
  /// How much is gathered before it is written.
  private static let bufferLimit = 256 << 10
  private static let name = "audit.jsonl"
  private let folder: ArtifactFolder
  private let patterns: SecretPatterns
  private let state = Locked(State())

  package init(folder: ArtifactFolder, patterns: SecretPatterns) {
    self.folder = folder
    self.patterns = patterns
  }

  /// The path of the log, which exists once something was written.
  package var path: String { folder.file(Self.name) }

  /// How many records there are and the hash of the last one.
  package var head: AuditHead {
    state.withLock { AuditHead(records: $0.count, sha256: String(decoding: $0.previous, as: UTF8.self)) }
  }

  /// Records an event; strings in `data` are masked.
  package func record(
    phase: String, actor: String, event: String, _ data: [String: JSONValue], secrets: Set<String> = []
  ) throws {
    let masked = data.mapValues { patterns.redacted($0) }
    try append(phase: phase, actor: actor, event: event, JSONValue.object(masked).bytes, secrets: secrets)
  }

  /// Records an event whose data are a JSON object already; secrets in it are masked and named.
  package func record(phase: String, actor: String, event: String, json: [UInt8]) throws {
    guard !patterns.isEmpty else { return try append(phase: phase, actor: actor, event: event, json, secrets: []) }
    var stream = SecretStream(patterns)
    let (first, names) = stream.take(json)
    let (rest, more) = stream.finish()
    try append(phase: phase, actor: actor, event: event, first + rest, secrets: names.union(more))
  }

  private func append(phase: String, actor: String, event: String, _ data: [UInt8], secrets: Set<String>) throws {
    // Everything that does not depend on the order is made outside of the lock.
    let middle = AuditLine.middle(phase: phase, actor: actor, event: event, data, secrets: secrets)
    try state.withLock { state in
      guard !state.isClosed else { return }
      state.count += 1
      let start = state.unwritten.count
      AuditLine.append(
        to: &state.unwritten, sequence: state.count, time: state.clock.now(), middle, previous: state.previous)
      state.previous = AuditChain.hash(state.unwritten[start..<state.unwritten.count - 1])
      if state.unwritten.count > Self.bufferLimit { try flush(&state) }
    }
  }

  /// Records a masked piece of output, as `stdout` or `stderr`.
  func recordOutput(
    _ bytes: [UInt8], stream: String, phase: String, actor: String, secrets: Set<String>
  ) throws {
    let room = state.withLock { state in
      let room = max(0, Self.textLimit - state.textBytes)
      state.textBytes += bytes.count
      return room
    }
    guard room > 0 || !secrets.isEmpty else { return }
    let text = secrets.isEmpty || room >= bytes.count ? Array(bytes.prefix(room)) : Self.around(secrets, in: bytes)
    try record(
      phase: phase, actor: actor, event: stream,
      ["bytes": .integer(Int64(bytes.count)), "text": .string(String(decoding: text, as: UTF8.self))], secrets: secrets)
  }

  /// The line with the first mask, so that a finding can quote it.
  private static func around(_ secrets: Set<String>, in bytes: [UInt8]) -> [UInt8] {
    guard let name = secrets.min(),
      let place = bytes.firstIndex(of: Array("[secret \(name)]".utf8), from: 0)
    else { return [] }
    let newline = UInt8(ascii: "\n")
    let start = bytes[..<place].lastIndex(of: newline).map { $0 + 1 } ?? 0
    let end = bytes[place...].firstIndex(of: newline) ?? bytes.count
    return Array(bytes[max(start, place - 512)..<min(end, place + 512)])
  }

  /// The records of a phase, of the given kinds only when there are any.
  package func records(phase: String, events: [String]) throws -> [AuditRecord] {
    var records: [AuditRecord] = []
    var position: Int? = 0
    while let start = position {
      var (bytes, next) = try lines(phase: phase, events: events, from: start, limit: 1 << 20)
      try JSONLines.take(from: &bytes, into: &records)
      position = next
    }
    return records
  }

  /// The lines of a phase and of the given kinds among about the next `limit` bytes of the log.
  ///
  /// - Returns: The lines, each with its end, and where to go on; `nil` there when nothing is left.
  package func lines(
    phase: String, events: [String], from position: Int, limit: Int
  ) throws -> (bytes: [UInt8], next: Int?) {
    try state.withLock { try flush(&$0) }
    guard let file = try? LocalFile(path) else { return ([], nil) }
    let wanted = AuditLine.Filter(phase: phase, events: events)
    var (size, bytes) = (limit, [UInt8]())
    repeat {
      bytes = try file.read(from: position, limit: size)
      size *= 4
    } while bytes.count == size / 4 && !bytes.contains(UInt8(ascii: "\n"))
    var (start, matching) = (0, [UInt8]())
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      if wanted.matches(bytes[start..<end]) { matching += bytes[start...end] }
      start = end + 1
    }
    return (matching, start == 0 ? nil : position + start)
  }

  /// Puts everything into the file, durably; nothing is recorded any more.
  package func close() throws {
    try state.withLock { state in
      guard !state.isClosed else { return }
      state.isClosed = true
      try flush(&state)
      try state.file?.synchronize()
    }
  }

  private func flush(_ state: inout State) throws {
    guard !state.unwritten.isEmpty else { return }
    if state.file == nil { state.file = try folder.open(Self.name) }
    try state.file?.append(state.unwritten)
    state.unwritten.removeAll(keepingCapacity: true)
  }
}

/// What is stored with a verdict of its audit log.
package struct AuditHead: Sendable, Hashable {
  /// How many records the log has.
  package var records: Int
  /// The SHA-256 of the last line, without its end; 64 zeros when there is none.
  package var sha256: String
}

extension SecretPatterns {
  /// `value` with every string in it masked.
  package func redacted(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text): .string(redacted(text))
    case .array(let items): .array(items.map { redacted($0) })
    case .object(let members): .object(members.mapValues { redacted($0) })
    default: value
    }
  }
}
