/// The language of a sandbox's first process; `Sources/keystone-sandbox-init/protocol.h` describes every message.
package enum HelperProtocol {
  package static let version: UInt32 = 2
  static let headerSize = 9
  static let maximumPayload = 4 << 20
  static let initialWindow = 256 << 10

  package enum Request: UInt8 {
    case execute = 0x01
    case kill = 0x02
    case killAll = 0x04
    case input = 0x05
    case inputEnd = 0x06
    case credit = 0x07
    case read = 0x10
    case write = 0x11
    case content = 0x12
    case contentEnd = 0x13
    case list = 0x14
    case status = 0x15
    case remove = 0x16
    case tree = 0x18
    case cancel = 0x19
    case shutDown = 0x1f
  }

  package enum Reply: UInt8 {
    case ready = 0x80
    case started = 0x81
    case stdout = 0x82
    case stderr = 0x83
    case exit = 0x84
    case closed = 0x85
    case failed = 0x86
    case done = 0x87
    case data = 0x88
    case entries = 0x89
    case window = 0x8a
    case deaf = 0x8b
  }
}

/// A message of the first process.
package struct HelperFrame: Sendable {
  package var reply: HelperProtocol.Reply
  package var payload: [UInt8]
}

/// A payload being written.
struct PayloadWriter {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ value: UInt8) { bytes.append(value) }

  mutating func add(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }

  mutating func add(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }

  /// A length and the bytes.
  mutating func add(_ string: some Collection<UInt8>) {
    add(UInt32(string.count))
    bytes += string
  }

  mutating func addRaw(_ raw: [UInt8]) { bytes += raw }
}

/// A payload being read; what is past its end is zero or empty and sets `isShort`.
package struct PayloadReader {
  private let bytes: [UInt8]
  private var position = 0
  private(set) var isShort = false

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count || isShort }

  mutating func byte() -> UInt8 { take(1).first ?? 0 }

  package mutating func uint32() -> UInt32 { UInt32(truncatingIfNeeded: integer(4)) }

  mutating func uint64() -> UInt64 { integer(8) }

  mutating func string() -> [UInt8] { Array(take(Int(uint32()))) }

  mutating func raw(_ count: Int) -> ArraySlice<UInt8> { take(count) }

  private mutating func integer(_ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for (index, byte) in take(count).enumerated() { value |= UInt64(byte) << (8 * UInt64(index)) }
    return value
  }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
    guard !isShort, count <= bytes.count - position else {
      isShort = true
      return []
    }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
