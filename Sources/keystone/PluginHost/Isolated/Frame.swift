import KeystoneKit

/// One of the boundary's five functions on the wire, or what the child says first.
///
/// The format stands in `Sources/keystone-plugin-host/frames.h`, whose program is the other end.
enum Frame: Equatable {
  case call(id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64)
  case send(id: UInt64, channel: UInt32, flags: UInt32, frame: [UInt8])
  case credit(id: UInt64, channel: UInt32, bytes: UInt64)
  case cancel(id: UInt64, reason: UInt32)
  case reply(id: UInt64, status: UInt32, body: [UInt8])
  case hello(tableSize: UInt32, version: UInt32)
  case refused(String)
}

/// What the child sent that is no frame; the child is of no use after it.
struct FrameError: Error, Equatable {
  var reason: String
}

/// The numbers of the frames' types and the sizes of what stands before their variable part.
enum FrameLayout {
  static let call: UInt8 = 1
  static let send: UInt8 = 2
  static let credit: UInt8 = 3
  static let cancel: UInt8 = 4
  static let reply: UInt8 = 5
  static let hello: UInt8 = 6
  static let refused: UInt8 = 7

  /// The length and the type.
  static let prefix = 5
  static let callHead = prefix + 26
  static let sendHead = prefix + 16
  static let creditSize = prefix + 20
  static let cancelSize = prefix + 12
  static let replyHead = prefix + 12
  static let helloSize = prefix + 8

  /// No frame is larger than a call with the longest method and the largest body.
  static let maximumSize = callHead + Boundary.maximumMethod + Boundary.maximumBody
}

/// The head of a frame, built number by number.
struct FrameHead {
  private(set) var bytes: [UInt8]

  /// Begins a frame of `type` whose head takes `size` bytes and is followed by `tail` more.
  init(_ type: UInt8, size: Int, tail: Int = 0) {
    bytes = []
    bytes.reserveCapacity(size + Boundary.maximumMethod)
    append(UInt32(size - 4 + tail))
    bytes.append(type)
  }

  mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(text: String) { bytes.append(contentsOf: text.utf8) }
}

extension Frame {
  /// The frame in `bytes`, which hold all of it, its length included.
  init(_ bytes: UnsafeRawBufferPointer) throws(FrameError) {
    let type = bytes[4]
    guard let head = Frame.headSize(of: type), bytes.count >= head else {
      throw FrameError(reason: "a frame of type \(type) and \(bytes.count) bytes")
    }
    switch type {
    case FrameLayout.call: self = try Frame.call(bytes)
    case FrameLayout.send:
      guard bytes.count - head <= Boundary.maximumFrame else {
        throw FrameError(reason: "a channel's frame of \(bytes.count - head) bytes")
      }
      self = .send(
        id: bytes.number(at: 5), channel: bytes.number(at: 13), flags: bytes.number(at: 17), frame: bytes.rest(head))
    case FrameLayout.credit:
      self = .credit(id: bytes.number(at: 5), channel: bytes.number(at: 13), bytes: bytes.number(at: 17))
    case FrameLayout.cancel: self = .cancel(id: bytes.number(at: 5), reason: bytes.number(at: 13))
    case FrameLayout.reply:
      self = .reply(id: bytes.number(at: 5), status: bytes.number(at: 13), body: bytes.rest(head))
    case FrameLayout.hello: self = .hello(tableSize: bytes.number(at: 5), version: bytes.number(at: 9))
    default: self = .refused(String(decoding: bytes[head...], as: UTF8.self))
    }
  }

  private static func call(_ bytes: UnsafeRawBufferPointer) throws(FrameError) -> Frame {
    let methodSize = Int(bytes.number(at: 29) as UInt16)
    let bodyStart = FrameLayout.callHead + methodSize
    guard (1...Boundary.maximumMethod).contains(methodSize), bytes.count >= bodyStart,
      let method = String(validating: bytes[FrameLayout.callHead..<bodyStart], as: UTF8.self)
    else { throw FrameError(reason: "a call without a proper method name") }
    let id: UInt64 = bytes.number(at: 5)
    guard id >> 63 == 1 else { throw FrameError(reason: "a call with an id of the host's") }
    return .call(
      id: id, method: method, body: bytes.rest(bodyStart), budgetMilliseconds: bytes.number(at: 13),
      parent: bytes.number(at: 21))
  }

  private static func headSize(of type: UInt8) -> Int? {
    switch type {
    case FrameLayout.call: FrameLayout.callHead
    case FrameLayout.send: FrameLayout.sendHead
    case FrameLayout.credit: FrameLayout.creditSize
    case FrameLayout.cancel: FrameLayout.cancelSize
    case FrameLayout.reply: FrameLayout.replyHead
    case FrameLayout.hello: FrameLayout.helloSize
    case FrameLayout.refused: FrameLayout.prefix
    default: nil
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The little-endian number at `offset`; the caller has checked that it is there.
  fileprivate func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
    Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
  }

  fileprivate func rest(_ start: Int) -> [UInt8] { [UInt8](UnsafeRawBufferPointer(rebasing: self[start...])) }
}
