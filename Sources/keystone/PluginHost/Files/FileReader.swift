import CDigest
import Glibc

/// A regular file that is read from its beginning to its end.
final class FileReader {
  private let descriptor: Int32
  let identity: FileIdentity
  private let path: String

  /// Opens the regular file at `path`; a link as its last part is followed only when told so.
  init(_ path: String, followsLinks: Bool = true) throws(FileFailure) {
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
    self.path = path
    descriptor = open(path, flags)
    let reason = errno
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    identity = FileIdentity(status)
    errno = reason
    guard descriptor >= 0 else { throw FileFailure(cannot: "open \(path)") }
    guard isKnown, status.st_mode & S_IFMT == S_IFREG else { throw FileFailure("\(path) is not a regular file") }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Hands all bytes to `body`, piece by piece.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws(FileFailure) -> Void) throws(FileFailure) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileFailure(cannot: "read \(path)") }
      guard count > 0 else { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// The first bytes, at most `count`; does not move the place from which ``forEachPiece(_:)`` reads.
  func head(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, pread(descriptor, buffer.baseAddress, count, 0))
    }
  }

  /// The SHA-256 of all bytes, in hexadecimal.
  func digest() throws(FileFailure) -> String {
    var hash = ks_sha256()
    ks_sha256_init(&hash)
    try forEachPiece { piece throws(FileFailure) in ks_sha256_update(&hash, piece.baseAddress, piece.count) }
    return hexadecimal(finished(&hash))
  }

  /// All bytes, of which there may be `limit`.
  func contents(limit: Int) throws(FileFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    try forEachPiece { piece throws(FileFailure) in
      guard bytes.count + piece.count <= limit else { throw FileFailure("\(path) is larger than \(limit) bytes") }
      bytes.append(contentsOf: piece)
    }
    return bytes
  }
}

/// The SHA-256 of `bytes`, in hexadecimal.
func sha256(_ bytes: [UInt8]) -> String {
  var hash = ks_sha256()
  ks_sha256_init(&hash)
  ks_sha256_update(&hash, bytes, bytes.count)
  return hexadecimal(finished(&hash))
}

private func finished(_ hash: inout ks_sha256) -> [UInt8] {
  var digest = [UInt8](repeating: 0, count: 32)
  ks_sha256_final(&hash, &digest)
  return digest
}

/// What changes when a file is written, replaced or renamed.
struct FileIdentity: Hashable {
  var device: UInt64
  var inode: UInt64
  var size: Int64
  var modified: Int64
  var changed: Int64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
  }

  /// The identity of what is at `path` now, or `nil` when nothing is.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// The identity as one word, for the cache of digests.
  var text: String { "\(device):\(inode):\(size):\(modified):\(changed)" }
}

/// The bytes as lower-case hexadecimal digits.
func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
