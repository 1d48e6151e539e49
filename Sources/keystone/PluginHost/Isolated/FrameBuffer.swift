import Glibc
import KeystoneKit

/// Bytes from a socket, cut into frames.
struct FrameBuffer {
  /// Room for many small frames.
  private static let usualRoom = 64 << 10
  /// Room for the largest frame of a channel, which is kept once it was needed; a larger one is given back.
  private static let keptRoom = FrameLayout.sendHead + Boundary.maximumFrame

  private var bytes = [UInt8](repeating: 0, count: usualRoom)
  private var start = 0
  private var end = 0

  /// Reads what is there, waiting for the first byte; false at the end of the stream.
  mutating func fill(from socket: Descriptor) -> Bool {
    makeRoom()
    let free = end..<bytes.count
    while true {
      let count = bytes.withUnsafeMutableBytes { raw in
        recv(socket.number, raw.baseAddress.map { $0 + free.lowerBound }, free.count, 0)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      end += count
      return true
    }
  }

  /// The next frame that is there as a whole, or `nil`.
  mutating func next() throws(FrameError) -> Frame? {
    guard let size = try nextSize(), size <= end - start else { return nil }
    let range = start..<start + size
    start += size
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(FrameError) in try Frame(UnsafeRawBufferPointer(rebasing: raw[range])) }
    }
    return try result.get()
  }

  /// The size of the next frame, its length included, once its length is there.
  private func nextSize() throws(FrameError) -> Int? {
    guard end - start >= 4 else { return nil }
    let length = bytes.withUnsafeBytes {
      Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
    }
    guard (1...FrameLayout.maximumSize - 4).contains(length) else {
      throw FrameError(reason: "a frame with the impossible length of \(length) bytes")
    }
    return length + 4
  }

  /// Moves what is left to the beginning, and makes the buffer as large as the next frame needs.
  private mutating func makeRoom() {
    let filled = end - start
    // A length that is not there yet or impossible has been answered by `next` already.
    let wanted = max(Self.usualRoom, (try? nextSize()) ?? 0)
    if wanted > bytes.count || bytes.count > Self.keptRoom {
      bytes = bytes.withUnsafeBytes { old in
        [UInt8](unsafeUninitializedCapacity: wanted) { new, count in
          if let new = new.baseAddress, let old = old.baseAddress {
            memcpy(new, old + start, filled)
            memset(new + filled, 0, wanted - filled)
          }
          count = wanted
        }
      }
    } else if start > 0 {
      bytes.withUnsafeMutableBytes { raw in
        if let base = raw.baseAddress { memmove(base, base + start, filled) }
      }
    }
    start = 0
    end = filled
  }
}
