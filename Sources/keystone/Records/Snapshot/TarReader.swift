/// Reads a tar archive (POSIX ustar, pax and GNU names) that comes in pieces.
struct TarReader {
  /// What an archive holds one after another.
  enum Event: Equatable {
    case entry(TarEntry)
    case content(ArraySlice<UInt8>)
  }

  private static let block = 512
  /// Names longer than this are no names.
  private static let longestName = 4096

  private var buffer: [UInt8] = []
  private var left = 0
  private var padding = 0
  private var extended: (kind: UInt8, bytes: [UInt8])?
  private var longName: String?
  private var longLink: String?
  private var size: Int?
  private(set) var isFinished = false

  /// Takes the next piece and tells what it completes.
  mutating func add(_ bytes: ArraySlice<UInt8>, _ tell: (Event) throws -> Void) throws {
    buffer += bytes
    var position = 0
    defer { buffer.removeFirst(position) }
    while !isFinished {
      let available = buffer.count - position
      if left > 0 {
        let count = min(left, available)
        guard count > 0 else { return }
        try take(buffer[position..<position + count], tell)
        position += count
        left -= count
        if left == 0, extended != nil { try finishExtended() }
      } else if padding > 0 {
        let count = min(padding, available)
        guard count > 0 else { return }
        position += count
        padding -= count
      } else {
        guard available >= Self.block else { return }
        let header = Array(buffer[position..<position + Self.block])
        position += Self.block
        try begin(header, tell)
      }
    }
  }

  private mutating func take(_ bytes: ArraySlice<UInt8>, _ tell: (Event) throws -> Void) throws {
    if extended != nil { extended?.bytes += bytes } else { try tell(.content(bytes)) }
  }

  private mutating func begin(_ header: [UInt8], _ tell: (Event) throws -> Void) throws {
    if header.allSatisfy({ $0 == 0 }) {
      isFinished = true
      return
    }
    let parsed = try TarHeader(header)
    let kind = parsed.kind
    let ownSize = size ?? parsed.size
    left = ownSize
    padding = (Self.block - ownSize % Self.block) % Self.block
    switch kind {
    case UInt8(ascii: "x"), UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "g"):
      guard ownSize <= 4 * Self.longestName else { throw InvalidRecord("the archive holds a name that is too long") }
      extended = (kind, [])
      if ownSize == 0 { try finishExtended() }
    default:
      try tell(
        .entry(
          TarEntry(
            name: longName ?? parsed.name, link: longLink ?? parsed.link, mode: parsed.mode, size: ownSize,
            kind: TarEntry.Kind(type: kind))))
      (longName, longLink, size) = (nil, nil, nil)
    }
  }

  private mutating func finishExtended() throws {
    guard let (kind, bytes) = extended else { return }
    extended = nil
    let text = String(decoding: bytes.prefix { $0 != 0 || kind == UInt8(ascii: "x") }, as: UTF8.self)
    switch kind {
    case UInt8(ascii: "L"): longName = text
    case UInt8(ascii: "K"): longLink = text
    case UInt8(ascii: "x"): try readPax(bytes)
    default: break
    }
  }

  /// Reads `length key=value` lines.
  private mutating func readPax(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let blank = rest.firstIndex(of: UInt8(ascii: " ")),
        let length = Int(String(decoding: rest[..<blank], as: UTF8.self)), length > blank - rest.startIndex + 1,
        length <= rest.count
      else { throw InvalidRecord("the archive's extended header is damaged; pack it again") }
      let line = rest[(blank + 1)..<(rest.startIndex + length)].dropLast()
      rest = rest.dropFirst(length)
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = String(decoding: line[(equals + 1)...], as: UTF8.self)
      switch String(decoding: line[..<equals], as: UTF8.self) {
      case "path": longName = value
      case "linkpath": longLink = value
      case "size":
        guard let number = Int(value), number >= 0, number < 1 << 50 else {
          throw InvalidRecord("the archive holds a size that makes no sense; pack it again")
        }
        size = number
      default: break
      }
    }
  }
}

/// One thing in an archive.
struct TarEntry: Equatable {
  enum Kind: Equatable {
    case file, directory, symbolicLink, hardLink, other

    init(type: UInt8) {
      switch type {
      case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): self = .file
      case UInt8(ascii: "5"): self = .directory
      case UInt8(ascii: "2"): self = .symbolicLink
      case UInt8(ascii: "1"): self = .hardLink
      default: self = .other
      }
    }
  }

  var name: String
  var link: String
  var mode: UInt32
  var size: Int
  var kind: Kind
}

/// The first block of an entry.
private struct TarHeader {
  var name: String
  var link: String
  var mode: UInt32
  var size: Int
  var kind: UInt8

  init(_ block: [UInt8]) throws {
    let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    guard Self.octal(block[148..<156]) == sum else {
      throw InvalidRecord("the bundle is no tar archive, or damaged; send a gzip tarball")
    }
    guard let size = Self.octal(block[124..<136]), size >= 0 else {
      throw InvalidRecord("the archive holds a size that makes no sense; pack it again")
    }
    self.size = size
    mode = UInt32(truncatingIfNeeded: Self.octal(block[100..<108]) ?? 0o644) & 0o777
    kind = block[156]
    link = Self.text(block[157..<257])
    let (name, prefix) = (Self.text(block[0..<100]), Self.text(block[345..<500]))
    let isUStar = block[257..<263].elementsEqual("ustar\0".utf8)
    self.name = isUStar && !prefix.isEmpty ? "\(prefix)/\(name)" : name
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Octal digits, or the base-256 form of large numbers.
  private static func octal(_ bytes: ArraySlice<UInt8>) -> Int? {
    if let first = bytes.first, first & 0x80 != 0 {
      guard bytes.dropLast(8).dropFirst().allSatisfy({ $0 == 0 }) else { return nil }
      let value = bytes.suffix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      return value < 1 << 50 ? Int(value) : nil
    }
    let digits = bytes.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}
