import Glibc
import KeystoneKit

/// An open file of this machine, closed when the last reference goes.
final class FolderFile: Sendable {
  let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  static func open(_ path: String) throws -> FolderFile {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FolderPlace.failure(errno, path) }
    return FolderFile(descriptor)
  }

  static func create(_ path: String, mode: mode_t) throws -> FolderFile {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw FolderPlace.failure(errno, path) }
    return FolderFile(descriptor)
  }

  var status: stat {
    var status = stat()
    fstat(descriptor, &status)
    return status
  }

  /// The bytes from the current place, `limit` at most.
  func read(upTo limit: Int) throws -> [UInt8] {
    var result = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      repeat { result = Glibc.read(descriptor, buffer.baseAddress, limit) } while result < 0 && errno == EINTR
      count = max(0, result)
    }
    guard result >= 0 else { throw FolderPlace.failure(errno, "a file") }
    return bytes
  }

  func write(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FolderPlace.failure(errno, "a file") }
      done += count
    }
  }
}
