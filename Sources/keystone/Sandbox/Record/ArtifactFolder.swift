import Glibc
import KeystoneKit

/// The folder of one run where what must not be lost lies: whole outputs and the audit log.
///
/// The folder and its files are made when the first byte is written.
package struct ArtifactFolder: Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  /// The path of an artifact.
  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Opens an artifact for appending.
  package func open(_ name: String) throws -> ArtifactFile {
    try Self.makeFolders(path)
    let descriptor = Glibc.open(file(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw PluginError(
        .unavailable, "cannot write \(file(name)): \(String(cString: strerror(errno))); check the disk and its rights")
    }
    return ArtifactFile(descriptor: descriptor, path: file(name))
  }

  /// Makes a folder with its parents, for the owner only.
  package static func makeFolders(_ path: String) throws {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try makeFolders(String(path[..<slash]))
      if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    }
    throw PluginError(.unavailable, "cannot make the folder \(path): \(String(cString: strerror(errno)))")
  }
}

/// An artifact that is being written; closed when the last reference goes.
package final class ArtifactFile: Sendable {
  private let descriptor: Int32
  private let path: String

  fileprivate init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// A new file at `path`, which must not exist.
  init(creating path: String, mode: UInt32) throws {
    descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_t(mode))
    self.path = path
    guard descriptor >= 0 else {
      throw PluginError(
        .unavailable, "cannot write \(path): \(String(cString: strerror(errno))); name another place in `to`")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Makes sure that what was appended survives a power cut.
  package func synchronize() throws {
    guard fdatasync(descriptor) == 0 || errno == EINVAL else {
      throw PluginError(.unavailable, "cannot write \(path): \(String(cString: strerror(errno))); check the disk")
    }
  }

  /// Appends bytes.
  package func append(_ bytes: [UInt8]) throws {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        buffer.baseAddress.map { Glibc.write(descriptor, $0 + written, bytes.count - written) } ?? 0
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw PluginError(.exhausted, "cannot write \(path): \(String(cString: strerror(errno))); free some disk space")
      }
      written += count
    }
  }
}
