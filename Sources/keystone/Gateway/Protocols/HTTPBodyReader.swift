/// Finds the end of a message's body in a stream, without keeping the body.
struct HTTPBodyReader: Sendable {
  private enum State: Hashable {
    case counted(Int)
    case untilEnd
    /// The size of a chunk, of which the digits so far are known.
    case size(digits: [UInt8], isExtension: Bool)
    /// What is left of a chunk, its CR LF included.
    case chunk(Int)
    /// A line after the last chunk; how long it is so far, and whether it was ended by CR.
    case trailer(length: Int, total: Int)
  }

  /// The body is not what its head promises.
  struct Malformed: Error, Hashable {}

  private var state: State
  private var previous: UInt8 = 0

  init(_ body: HTTPBody) {
    state =
      switch body {
      case .counted(let count): .counted(count)
      case .chunked: .size(digits: [], isExtension: false)
      case .untilEnd: .untilEnd
      }
  }

  /// Whether the body is complete without another byte.
  var isComplete: Bool { state == .counted(0) }

  /// Takes the bytes of the body from the front of `bytes` and answers how many they are; the body is complete when
  /// ``isComplete`` is true.
  mutating func take(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> Int {
    var place = 0
    while place < bytes.count, !isComplete {
      let left = bytes.count - place
      switch state {
      case .untilEnd: return bytes.count
      case .counted(let count):
        state = .counted(count - min(count, left))
        place += min(count, left)
      case .chunk(let count) where count > 2:
        state = .chunk(count - min(count - 2, left))
        place += min(count - 2, left)
      default:
        try takeByte(bytes[place])
        place += 1
      }
    }
    return place
  }

  private mutating func takeByte(_ byte: UInt8) throws(Malformed) {
    defer { previous = byte }
    switch state {
    case .chunk(let count):
      guard byte == (count == 2 ? 13 : 10) else { throw Malformed() }
      state = count == 2 ? .chunk(1) : .size(digits: [], isExtension: false)
    case .size(let digits, let isExtension): try takeSize(byte, digits, isExtension)
    case .trailer(let length, let total):
      guard total < HTTPHead.longest else { throw Malformed() }
      guard byte == 10 else {
        // A CR stands only before its LF.
        if previous == 13 { throw Malformed() }
        state = .trailer(length: length + (byte == 13 ? 0 : 1), total: total + 1)
        return
      }
      guard previous == 13 else { throw Malformed() }
      state = length == 0 ? .counted(0) : .trailer(length: 0, total: total + 1)
    default: break
    }
  }

  private mutating func takeSize(_ byte: UInt8, _ digits: [UInt8], _ isExtension: Bool) throws(Malformed) {
    if previous == 13 {
      guard byte == 10, let size = Int(String(decoding: digits, as: UTF8.self), radix: 16) else { throw Malformed() }
      state = size == 0 ? .trailer(length: 0, total: 0) : .chunk(size + 2)
      return
    }
    let letter = byte | 0x20
    if byte == 13 {
      guard !digits.isEmpty else { throw Malformed() }
    } else if !isExtension, (48...57).contains(byte) || (97...102).contains(letter) {
      guard digits.count < 15 else { throw Malformed() }
      state = .size(digits: digits + [byte], isExtension: false)
    } else {
      guard !digits.isEmpty, byte != 10, isExtension || byte == UInt8(ascii: ";") || byte == 32 || byte == 9 else {
        throw Malformed()
      }
      state = .size(digits: digits, isExtension: true)
    }
  }
}
