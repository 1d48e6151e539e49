package import KeystoneKit

/// The audit log of one sandbox: what happened, in order, as JSON lines in its artifact folder.
///
/// Records are masked before they are written or answered.
package final class AuditLog: Sendable {
  private struct State {
    var records: [AuditRecord] = []
    var unwritten: [UInt8] = []
    var file: ArtifactFile?
    var textBytes = 0
  }

  /// How much output text a log holds; what comes after is recorded by its size and its secrets only.
  private static let textLimit = 4 << 20
  private let folder: ArtifactFolder
  private let patterns: SecretPatterns
  private let state = Locked(State())

  package init(folder: ArtifactFolder, patterns: SecretPatterns) {
    self.folder = folder
    self.patterns = patterns
  }

  /// Records an event; strings in `data` are masked.
  package func record(
    phase: String, actor: String, event: String, _ data: [String: JSONValue], secrets: Set<String> = []
  ) throws {
    let masked = data.mapValues { patterns.redacted($0) }
    try state.withLock { state in
      let record = AuditRecord(
        sequence: state.records.count + 1, timestamp: UTCClock.now(), phase: phase, actor: actor, event: event,
        data: masked, secrets: secrets.sorted())
      state.records.append(record)
      state.unwritten += try JSONLines.line(record)
      if state.unwritten.count > 256 << 10 { try flush(&state) }
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
  package func records(phase: String, events: [String]) -> [AuditRecord] {
    state.withLock { state in
      state.records.filter { $0.phase == phase && (events.isEmpty || events.contains($0.event)) }
    }
  }

  /// Puts everything into the file.
  package func close() throws { try state.withLock { try flush(&$0) } }

  private func flush(_ state: inout State) throws {
    guard !state.unwritten.isEmpty else { return }
    if state.file == nil { state.file = try folder.open("audit.jsonl") }
    try state.file?.append(state.unwritten)
    state.unwritten.removeAll(keepingCapacity: true)
  }
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
