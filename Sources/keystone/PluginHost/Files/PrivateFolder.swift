import Glibc

/// A folder that belongs to the user alone, and the files in it.
struct PrivateFolder: Sendable {
  let path: String

  init(_ path: String) { self.path = path }

  /// The folder `name` in this one.
  func folder(_ name: String) -> PrivateFolder { PrivateFolder("\(path)/\(name)") }

  /// Makes the folder, and those above it, where they are missing.
  func create() throws(FileFailure) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw FileFailure(cannot: "make the folder \(path)")
    }
    try PrivateFolder(String(path[..<slash])).create()
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileFailure(cannot: "make the folder \(path)") }
  }

  /// Makes sure that nobody but the owner could have put something here.
  func checkOwnership() throws(FileFailure) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileFailure(cannot: "look at the folder \(path)") }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw FileFailure("the folder \(path) belongs to another user: make it your own with `chown`")
    }
    guard status.st_mode & 0o022 == 0 else {
      throw FileFailure("others may write to the folder \(path): take that away with `chmod go-w '\(path)'`")
    }
  }

  /// Writes a file that is there as a whole or not at all, readable by the owner only.
  func write(_ bytes: [UInt8], to name: String, mode: mode_t = 0o600) throws(FileFailure) {
    let (descriptor, temporary) = try temporaryFile()
    defer { close(descriptor) }
    var isComplete = false
    defer { if !isComplete { unlink(temporary) } }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileFailure(cannot: "write \(path)/\(name)") }
      written += count
    }
    guard fchmod(descriptor, mode) == 0, rename(temporary, "\(path)/\(name)") == 0 else {
      throw FileFailure(cannot: "write \(path)/\(name)")
    }
    isComplete = true
  }

  private func temporaryFile() throws(FileFailure) -> (Int32, String) {
    var template = Array("\(path)/.new-XXXXXX\0".utf8.map(CChar.init(bitPattern:)))
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw FileFailure(cannot: "write into the folder \(path)") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return (descriptor, String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  /// A file's bytes, or `nil` when there is no such file.
  func read(_ name: String, limit: Int = 16 << 20) throws(FileFailure) -> [UInt8]? {
    let file = "\(path)/\(name)"
    guard access(file, F_OK) == 0 else { return nil }
    return try FileReader(file).contents(limit: limit)
  }

  /// Removes a file, if it is there.
  func removeFile(_ name: String) { unlink("\(path)/\(name)") }

  /// Removes the folder and all that is in it, without following links.
  func remove() {
    if let listing = opendir(path) {
      while let entry = readdir(listing) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
          String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard name != ".", name != ".." else { continue }
        var status = stat()
        let isFolder = lstat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        if isFolder { folder(name).remove() } else { unlink("\(path)/\(name)") }
      }
      closedir(listing)
    }
    rmdir(path)
  }
}
