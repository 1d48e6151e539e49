/// A place in a document.
public struct SourcePosition: Sendable, Hashable, Comparable {
  /// The line, counted from 1.
  public var line: Int
  /// The column in Unicode code points, counted from 1.
  public var column: Int
  /// The number of bytes before it.
  public var offset: Int

  /// Names a place.
  public init(line: Int, column: Int, offset: Int) {
    self.line = line
    self.column = column
    self.offset = offset
  }

  /// The beginning of a document.
  public static let start = SourcePosition(line: 1, column: 1, offset: 0)

  /// Whether `left` comes before `right` in the document.
  public static func < (left: SourcePosition, right: SourcePosition) -> Bool { left.offset < right.offset }
}

/// A stretch of a document.
public struct SourceRange: Sendable, Hashable {
  /// Where it begins.
  public var start: SourcePosition
  /// The place behind its last character.
  public var end: SourcePosition

  /// Names a stretch.
  public init(start: SourcePosition, end: SourcePosition) {
    self.start = start
    self.end = end
  }
}

/// The bytes of a document, with what is needed to name places in it.
///
/// Nodes carry byte offsets; lines and columns are worked out for the few places that a diagnostic names, so that a
/// document on a single line costs no more than any other.
struct SourceText: Sendable {
  let bytes: [UInt8]
  private let lineStarts: [Int]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var starts = [0]
    for (index, byte) in bytes.enumerated() where Self.endsLine(byte, at: index, in: bytes) {
      starts.append(index + 1)
    }
    lineStarts = starts
  }

  func range(_ offsets: Range<Int>) -> SourceRange {
    SourceRange(start: position(offsets.lowerBound), end: position(offsets.upperBound))
  }

  func position(_ offset: Int) -> SourcePosition {
    let offset = min(max(offset, 0), bytes.count)
    let line = lineIndex(of: offset)
    let before = bytes[lineStarts[line]..<offset]
    let column = before.reduce(into: 1) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
    return SourcePosition(line: line + 1, column: column, offset: offset)
  }

  /// The bytes of the line that contains `offset`, without its end.
  func line(at offset: Int) -> ArraySlice<UInt8> {
    let start = lineStarts[lineIndex(of: min(max(offset, 0), bytes.count))]
    let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
    return bytes[start..<end]
  }

  private func lineIndex(of offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  private static func endsLine(_ byte: UInt8, at index: Int, in bytes: [UInt8]) -> Bool {
    if byte == 0x0A { return true }
    return byte == 0x0D && (index + 1 == bytes.count || bytes[index + 1] != 0x0A)
  }
}
