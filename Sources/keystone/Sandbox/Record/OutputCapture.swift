import KeystoneKit

/// One output stream of the agent: masked, its first and last 512 KiB in memory, all of it in an artifact.
final class OutputCapture: Sendable {
  /// What is kept at each end.
  static let kept = 512 << 10

  private struct State {
    var stream: SecretStream
    var head: [UInt8] = []
    var tail: [UInt8] = []
    var total = 0
    var file: ArtifactFile?
  }

  private let name: String
  private let folder: ArtifactFolder
  private let state: Locked<State>

  init(name: String, folder: ArtifactFolder, patterns: SecretPatterns) {
    self.name = name
    self.folder = folder
    state = Locked(State(stream: SecretStream(patterns)))
  }

  /// How many bytes have come.
  var total: Int { state.withLock { $0.total } }

  /// Takes a chunk of the stream, which stays in order when one task does it.
  func take(_ chunk: [UInt8]) throws -> (bytes: [UInt8], names: Set<String>) {
    try state.withLock { state in
      let masked = state.stream.take(chunk)
      try keep(masked.bytes, &state)
      return masked
    }
  }

  /// Says that the stream has ended.
  func finish() throws -> (bytes: [UInt8], names: Set<String>) {
    try state.withLock { state in
      let masked = state.stream.finish()
      try keep(masked.bytes, &state)
      return masked
    }
  }

  private func keep(_ bytes: [UInt8], _ state: inout State) throws {
    guard !bytes.isEmpty else { return }
    state.total += bytes.count
    let room = Self.kept - state.head.count
    state.head += bytes.prefix(room)
    state.tail += bytes.dropFirst(room)
    if state.tail.count > 2 * Self.kept { state.tail.removeFirst(state.tail.count - Self.kept) }
    if state.file == nil { state.file = try folder.open(name) }
    try state.file?.append(bytes)
  }

  /// The text: all of it, or both ends with a mark between them.
  var text: String {
    state.withLock { state in
      let tail = state.tail.suffix(Self.kept)
      let omitted = state.total - state.head.count - tail.count
      let head = String(decoding: state.head, as: UTF8.self)
      if omitted <= 0 { return tail.isEmpty ? head : String(decoding: state.head + tail, as: UTF8.self) }
      let mark = "\n[… \(omitted) bytes left out; the whole output is in \(folder.file(name)) …]\n"
      return head + mark + String(decoding: tail, as: UTF8.self)
    }
  }
}
