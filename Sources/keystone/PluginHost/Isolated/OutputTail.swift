/// The last 64 KiB of what a process wrote, and what they say about its end.
struct OutputTail: Sendable {
  private static let limit = 64 << 10

  private var bytes: [UInt8] = []
  private var lineStart: [UInt8] = []
  /// Whether a line that begins a Swift crash report was seen.
  private(set) var hasCrashReport = false

  /// Adds what was read.
  mutating func append(_ chunk: some Collection<UInt8>) {
    bytes.append(contentsOf: chunk)
    // Cutting only now and then keeps a process that writes a lot cheap.
    if bytes.count > 2 * Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
    if !hasCrashReport { lookForCrashReport(chunk) }
  }

  /// Keeps the first bytes of the current line over the borders of chunks.
  private mutating func lookForCrashReport(_ chunk: some Collection<UInt8>) {
    for byte in chunk {
      if byte == UInt8(ascii: "\n") {
        lineStart.removeAll(keepingCapacity: true)
      } else if lineStart.count < 4 {
        lineStart.append(byte)
        if lineStart.elementsEqual("*** ".utf8) { hasCrashReport = true }
      }
    }
  }

  /// The lines that are kept, without empty ones.
  var lines: [String] {
    String(decoding: bytes.suffix(Self.limit), as: UTF8.self)
      .split(whereSeparator: \.isNewline).map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
  }

  /// The text of the trap that ended a Swift plugin.
  var fatalError: String? { lines.last { $0.contains("Fatal error") } }

  /// The first frames of the crash report, or else the last lines.
  var evidence: String? {
    let lines = lines
    var frames: [String] = []
    if let start = lines.lastIndex(where: { $0.hasPrefix("Thread ") && $0.contains("crashed") }) {
      frames = lines[(start + 1)...].filter(Self.isStackFrame).prefix(6).map(Self.shortened)
    }
    let shown = frames.isEmpty ? lines.suffix(5).map(Self.shortened) : frames
    return shown.isEmpty ? nil : shown.joined(separator: "\n")
  }

  /// A line such as `3 [ra] 0x00007f… evaluate() + 12 in acme.so at /src/acme.swift:7:3`.
  private static func isStackFrame(_ line: String) -> Bool {
    let number = line.drop(while: \.isWhitespace).prefix(while: \.isNumber)
    return !number.isEmpty && line.contains(" in ") && line.contains(" + ")
  }

  private static func shortened(_ line: String) -> String {
    let line = line.drop(while: \.isWhitespace)
    return line.count <= 300 ? String(line) : "\(line.prefix(300))…"
  }
}
