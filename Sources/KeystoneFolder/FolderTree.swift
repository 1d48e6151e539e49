import Glibc
import KeystoneKit

/// Folders of this machine: made, listed, removed.
enum FolderTree {
  /// Makes a folder with those above it.
  static func make(_ path: String) throws {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw PluginError(.unavailable, "the folder \(path) cannot be made: \(String(cString: strerror(errno)))")
    }
    try make(String(path[..<slash]))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw PluginError(.unavailable, "the folder \(path) cannot be made: \(String(cString: strerror(errno)))")
    }
  }

  /// The names in a folder, sorted; none when it cannot be read.
  static func names(in folder: String) -> [String] {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    return rawNames(in: descriptor).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The names in an open folder, sorted by their bytes; closes it.
  static func rawNames(in descriptor: Int32) -> [[UInt8]] {
    guard let listing = fdopendir(descriptor) else {
      close(descriptor)
      return []
    }
    defer { closedir(listing) }
    var names: [[UInt8]] = []
    while let entry = readdir(listing) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in Array(raw.prefix { $0 != 0 }) }
      if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Removes a file or a folder with everything in it, without following links.
  static func remove(_ path: String) {
    var bytes = Array(path.utf8)
    bytes.append(0)
    bytes.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { if let name = $0.baseAddress { removeEntry(AT_FDCWD, name) } }
    }
  }

  /// Removes the entry `name` of the open folder `parent`.
  static func removeEntry(_ parent: Int32, _ name: UnsafePointer<CChar>) {
    if unlinkat(parent, name, 0) == 0 || (errno != EISDIR && errno != EPERM) { return }
    // A folder that its owner closed to himself is opened again.
    fchmodat(parent, name, 0o700, 0)
    let folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if folder >= 0 {
      let listed = dup(folder)
      for entry in rawNames(in: listed) { withCString(entry) { removeEntry(folder, $0) } }
      close(folder)
    }
    unlinkat(parent, name, AT_REMOVEDIR)
  }
}

/// Calls `body` with bytes as a C string.
func withCString<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
  try (bytes + [0]).map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { buffer in
    // The buffer holds at least the 0 at its end.
    try body(buffer.baseAddress.unsafelyUnwrapped)
  }
}
