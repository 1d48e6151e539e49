/// Reads one YAML document into nodes; everything that is wrong with it becomes a problem with a place.
struct YAMLParser {
  private(set) var problems: [SpecProblem] = []
  private let limits: YAMLLimits
  private var builder: YAMLTreeBuilder

  init(limits: YAMLLimits = YAMLLimits()) {
    self.limits = limits
    self.builder = YAMLTreeBuilder(limits: limits)
  }

  /// The root of the document; `nil` when there is none or when it could not be read to its end.
  mutating func parse(_ bytes: [UInt8]) -> YAMLNode? {
    if let problem = YAMLEncoding.problem(in: bytes, limit: limits.bytes) {
      problems = [problem]
      return nil
    }
    let skipped = YAMLEncoding.byteOrderMark(of: bytes)
    let isComplete = bytes[skipped...].withUnsafeBufferPointer { text in
      read(text, in: bytes, skipped: skipped)
    }
    problems += builder.problems
    return isComplete ? builder.root : nil
  }

  private mutating func read(_ text: UnsafeBufferPointer<UInt8>, in bytes: [UInt8], skipped: Int) -> Bool {
    guard var reader = YAMLEventReader(text) else {
      problems.append(SpecProblem(range: 0..<0, path: SpecPath(), message: "there is no memory left to read YAML"))
      return false
    }
    do {
      while true {
        var event = try reader.next()
        event.range = event.range.lowerBound + skipped..<event.range.upperBound + skipped
        if case .streamEnd = event.kind { return true }
        guard builder.take(event), builder.problems.count < limits.problems else { return false }
      }
    } catch {
      problems.append(YAMLSyntaxHint.problem(for: error, in: bytes, skipped: skipped))
      return false
    }
  }
}

/// Looks at the bytes of a document before libyaml does.
enum YAMLEncoding {
  static func byteOrderMark(of bytes: [UInt8]) -> Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

  /// What keeps the bytes from being a document at all.
  static func problem(in bytes: [UInt8], limit: Int) -> SpecProblem? {
    if bytes.count > limit {
      return SpecProblem(
        range: 0..<0, path: SpecPath(), message: "the document has \(bytes.count) bytes, more than a spec may have",
        expected: "at most \(limit) bytes", suggestion: "move large data into files that a fixture loads")
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      return SpecProblem(
        range: 0..<0, path: SpecPath(), message: "the document is UTF-16", expected: "UTF-8",
        suggestion: "save the file as UTF-8")
    }
    if let offset = invalidUTF8(in: bytes) {
      return SpecProblem(
        range: offset..<offset, path: SpecPath(),
        message: "the byte 0x\(hex(bytes[offset])) at offset \(offset) is not valid UTF-8", expected: "UTF-8",
        suggestion: "save the file as UTF-8")
    }
    return nil
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count == 1 ? "0" + digits : digits
  }

  /// The offset of the first byte that is not part of a well-formed sequence.
  private static func invalidUTF8(in bytes: [UInt8]) -> Int? {
    var index = 0
    while index < bytes.count {
      let length = sequenceLength(in: bytes, at: index)
      if length == 0 { return index }
      index += length
    }
    return nil
  }

  /// The length of the well-formed sequence at `index`, 0 when there is none (Unicode, table 3-7).
  private static func sequenceLength(in bytes: [UInt8], at index: Int) -> Int {
    let first = bytes[index]
    if first < 0x80 { return 1 }
    let second: ClosedRange<UInt8>
    let length: Int
    switch first {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return 0
    }
    guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return 0 }
    return bytes[(index + 2)..<(index + length)].allSatisfy { $0 & 0xC0 == 0x80 } ? length : 0
  }
}
