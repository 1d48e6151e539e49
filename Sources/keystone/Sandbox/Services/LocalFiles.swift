import Glibc
import KeystoneKit

/// Files of the caller's machine that may be copied into a sandbox: those below the spec's folder.
struct LocalFiles {
  /// One file, folder or link to copy.
  struct Entry: Sendable {
    var path: String
    var relative: String
    var kind: FileStatus.Kind
    var mode: UInt32
  }

  /// How many files one copy may have.
  static let maximumCount = 100_000
  private let root: String

  /// The folder whose files may be copied.
  init(folder: String) throws {
    guard let root = Self.resolved(folder) else {
      throw PluginError(.notFound, "the folder \(folder) of the spec does not exist any more")
    }
    self.root = root
  }

  /// A file, or a folder with everything below it; `source` is checked after its links are resolved.
  func entries(_ source: String) throws -> [Entry] {
    let wanted = source.hasPrefix("/") ? source : "\(root)/\(source)"
    guard let path = Self.resolved(wanted) else {
      throw PluginError(.notFound, "\(source) does not exist in the workspace or beside the spec in \(root)")
    }
    guard path == root || path.hasPrefix(root == "/" ? "/" : root + "/") else {
      throw PluginError(
        .denied, "\(source) leads to \(path), outside of the spec's folder \(root); move it there or copy it in `setup`"
      )
    }
    var entries: [Entry] = []
    try collect(path, relative: "", into: &entries)
    return entries
  }

  private func collect(_ path: String, relative: String, into entries: inout [Entry]) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      throw PluginError(.notFound, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    guard entries.count < Self.maximumCount else {
      throw PluginError(.exhausted, "\(root) has more than \(Self.maximumCount) files to copy; name a smaller folder")
    }
    let mode = status.st_mode & 0o777
    switch status.st_mode & S_IFMT {
    case S_IFREG: entries.append(Entry(path: path, relative: relative, kind: .file, mode: mode))
    case S_IFLNK: entries.append(Entry(path: path, relative: relative, kind: .symlink, mode: mode))
    case S_IFDIR:
      entries.append(Entry(path: path, relative: relative, kind: .directory, mode: mode))
      for name in try Self.names(in: path) {
        try collect("\(path)/\(name)", relative: relative.isEmpty ? name : "\(relative)/\(name)", into: &entries)
      }
    default:
      throw PluginError(.invalid, "\(path) is a socket, pipe or device; only files, folders and links can be copied")
    }
  }

  private static func names(in folder: String) throws -> [String] {
    guard let directory = opendir(folder) else {
      throw PluginError(.denied, "the folder \(folder) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func resolved(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }
}

/// A regular file of the host that is read piece by piece; closed when the last reference goes.
final class LocalFile: Sendable {
  private let descriptor: Int32
  private let path: String

  /// Opens a regular file without following a link in its last part and without waiting for a pipe.
  init(_ path: String) throws {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    self.path = path
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw PluginError(.invalid, "\(path) is no regular file any more")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The bytes from `position`, `limit` at most.
  func read(from position: Int, limit: Int) throws -> [UInt8] {
    var total = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      while total < limit {
        let read = pread(descriptor, buffer.baseAddress?.advanced(by: total), limit - total, off_t(position + total))
        if read <= 0 { break }
        total += read
      }
      count = total
    }
    return bytes
  }

  /// All of it.
  func whole() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while case let piece = try read(), !piece.isEmpty { bytes += piece }
    return bytes
  }

  /// The next piece, empty at the end.
  func read() throws -> [UInt8] {
    var status = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 128 << 10) { buffer, count in
      status = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      count = max(0, status)
    }
    guard status >= 0 else {
      throw PluginError(.unavailable, "reading \(path) failed: \(String(cString: strerror(errno)))")
    }
    return bytes
  }
}
