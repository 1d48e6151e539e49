import NIOCore

/// Takes one direction of an HTTP/1 connection apart, message by message, and hands every byte on as it came.
struct HTTPMessageReader {
  enum Part {
    /// A complete head, with its bytes; ``HTTPMessageReader/expect(_:)`` must be called before the next part.
    case head(HTTPHead, ByteBuffer)
    /// A piece of a message behind its head.
    case body(ByteBuffer)
    /// The message is complete.
    case end
  }

  /// Two readers of the same bytes could disagree about what they say.
  struct Malformed: Error {}

  private enum State {
    case head
    case waiting
    case body(HTTPBodyReader)
    /// No more messages: everything that follows is the body, or another protocol.
    case opaque
  }

  private var state = State.head
  private var held = ByteBuffer()

  /// Says how the body behind the last head ends.
  mutating func expect(_ body: HTTPBody) { state = .body(HTTPBodyReader(body)) }

  /// Says that what follows is not HTTP.
  mutating func becomeOpaque() { state = .opaque }

  /// Whether bytes of a head have come that is not complete.
  var isInsideHead: Bool {
    if case .head = state { return held.readableBytes > 0 }
    return false
  }

  /// The bytes of a head that is not complete.
  mutating func takeHeld() -> ByteBuffer {
    defer { held = ByteBuffer() }
    return held
  }

  /// Takes the next part from the front of `bytes`; `nil` when more are needed.
  mutating func next(_ bytes: inout ByteBuffer) throws -> Part? {
    switch state {
    case .opaque: return bytes.readableBytes == 0 ? nil : .body(bytes.readSlice(length: bytes.readableBytes) ?? bytes)
    case .waiting: return nil
    case .head: return try nextHead(&bytes)
    case .body(var reader):
      if reader.isComplete {
        state = .head
        return .end
      }
      guard bytes.readableBytes > 0 else { return nil }
      let count: Int
      do {
        count = try bytes.withUnsafeReadableBytes { try reader.take($0) }
      } catch {
        throw Malformed()
      }
      state = .body(reader)
      return bytes.readSlice(length: count).map { .body($0) }
    }
  }

  private mutating func nextHead(_ bytes: inout ByteBuffer) throws -> Part? {
    guard bytes.readableBytes > 0 else { return nil }
    // Empty lines before a message are allowed (RFC 9112, section 2.2); they are not handed on.
    if held.readableBytes == 0 {
      while let byte = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self), byte == 13 || byte == 10 {
        bytes.moveReaderIndex(forwardBy: 1)
      }
    }
    let searched = max(0, held.readableBytes - 3)
    held.writeBuffer(&bytes)
    let end = held.withUnsafeReadableBytes { Self.end(of: $0, from: searched) }
    guard let end else {
      guard held.readableBytes <= HTTPHead.longest else { throw Malformed() }
      return nil
    }
    guard let raw = held.readSlice(length: end), let head = HTTPHead(raw.readableBytesView.dropLast(2)) else {
      throw Malformed()
    }
    bytes = held
    held = ByteBuffer()
    state = .waiting
    return .head(head, raw)
  }

  /// Where a head ends: behind CR LF CR LF, or behind an empty line that some readers would take for the end.
  private static func end(of bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var place = start
    while place + 1 < bytes.count {
      if bytes[place] == 10 {
        if bytes[place + 1] == 10 { return place + 2 }
        if place + 2 < bytes.count, bytes[place + 1] == 13, bytes[place + 2] == 10 { return place + 3 }
      }
      place += 1
    }
    return nil
  }
}
