internal import CZlib

/// Unpacks gzip, piece by piece or at once, within bounds.
public final class Gunzip {
  private var stream = z_stream()
  private var isOpen: Bool
  /// Whether the end of the data was seen, with a checksum that is right.
  public private(set) var isFinished = false

  /// An unpacker that has seen nothing yet.
  public init() {
    // 31 is the largest window, and a gzip header.
    isOpen = inflateInit2_(&stream, 31, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit { if isOpen { inflateEnd(&stream) } }

  /// Unpacks the next piece.
  ///
  /// - Parameters:
  ///   - bytes: The piece.
  ///   - take: Takes what it becomes, at most 64 KiB at once.
  /// - Throws: ``InvalidRecord`` when it is no gzip, and what `take` throws.
  public func add(_ bytes: ArraySlice<UInt8>, _ take: (ArraySlice<UInt8>) throws -> Void) throws {
    guard isOpen else { throw Self.broken }
    var input = Array(bytes)
    var output = [UInt8](repeating: 0, count: 64 << 10)
    var used = 0
    while used < input.count {
      if isFinished { try beginNextMember(input[used]) }
      let (status, consumed, produced) = inflatePiece(&input, from: used, into: &output)
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw Self.broken }
      used += consumed
      isFinished = status == Z_STREAM_END
      if produced > 0 { try take(output[..<produced]) }
      if consumed == 0, produced == 0 { throw Self.broken }
    }
  }

  /// What follows a member is another member; padding of zeroes is no part of the data.
  private func beginNextMember(_ first: UInt8) throws {
    guard first == 0x1F, inflateReset(&stream) == Z_OK else { throw Self.broken }
    isFinished = false
  }

  private func inflatePiece(
    _ input: inout [UInt8], from used: Int, into output: inout [UInt8]
  ) -> (status: CInt, consumed: Int, produced: Int) {
    let (available, room) = (input.count - used, output.count)
    return input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress.map { $0 + used }
        stream.avail_in = CUnsignedInt(available)
        stream.next_out = target.baseAddress
        stream.avail_out = CUnsignedInt(room)
        let status = inflate(&stream, Z_NO_FLUSH)
        return (status, available - Int(stream.avail_in), room - Int(stream.avail_out))
      }
    }
  }

  /// Unpacks everything.
  ///
  /// - Throws: ``InvalidRecord`` when it is no whole gzip, or becomes more than `limit` bytes.
  public static func all(_ bytes: [UInt8], upTo limit: Int) throws -> [UInt8] {
    let gunzip = Gunzip()
    var result: [UInt8] = []
    try gunzip.add(bytes[...]) { piece in
      guard result.count + piece.count <= limit else {
        throw InvalidRecord("the body unpacks to more than \(limit) bytes; send less at once")
      }
      result += piece
    }
    guard gunzip.isFinished else { throw broken }
    return result
  }

  private static let broken = InvalidRecord("the data is no whole gzip file; compress it again")
}
