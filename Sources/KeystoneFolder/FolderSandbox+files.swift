import CDigest
import CFolder
import Glibc
public import KeystoneKit

extension FolderSandbox {
  /// Sends the bytes of a regular file from `offset`, `limit` at most, to `output`.
  public func read(_ path: SandboxPath, offset: UInt64, limit: UInt64?, to output: ByteOutput) async throws
    -> FileStatus
  {
    try checkIsThere()
    let file = try FolderPlace(path, in: self).open(O_RDONLY | O_NONBLOCK)
    let status = FileStatus(path: path, file.status)
    guard status.kind == .file else { throw PluginError(.invalid, "\(path) is no regular file") }
    guard lseek(file.descriptor, off_t(clamping: offset), SEEK_SET) >= 0 else {
      throw FolderPlace.failure(errno, "\(path)")
    }
    var left = limit ?? .max
    while left > 0 {
      let bytes = try file.read(upTo: Int(min(left, 128 << 10)))
      if bytes.isEmpty { break }
      left -= UInt64(bytes.count)
      try await output.write(bytes)
    }
    return status
  }

  /// Replaces a regular file by the bytes of `input`, with its parent folders.
  public func write(_ path: SandboxPath, mode: UInt32, area: FileArea, from input: ByteInput) async throws -> FileStatus
  {
    try checkIsThere()
    let place = try FolderPlace(path, in: self, area: area)
    try place.makeParents()
    let (folder, name) = try place.parent()
    let temporary = Array(".keystone-\(UInt64.random(in: 0 ... .max))".utf8)
    let descriptor = withCString(temporary) {
      ks_folder_open(folder.descriptor, $0, O_WRONLY | O_CREAT | O_EXCL, 0o600, 1)
    }
    guard descriptor >= 0 else { throw FolderPlace.failure(-descriptor, "\(path)") }
    let file = FolderFile(descriptor)
    do {
      for try await frame in input { try file.write(frame) }
      fchmod(descriptor, mode & 0o777)
      let renamed = withCString(temporary) { from in
        withCString(name) { renameat(folder.descriptor, from, folder.descriptor, $0) }
      }
      guard renamed == 0 else { throw FolderPlace.failure(errno == EBUSY ? EISDIR : errno, "\(path)") }
    } catch {
      _ = withCString(temporary) { unlinkat(folder.descriptor, $0, 0) }
      throw error
    }
    return FileStatus(path: path, file.status)
  }

  /// Looks at a file without opening it, without following a link in its last part.
  public func status(of path: SandboxPath) async throws -> FileStatus {
    try checkIsThere()
    let (folder, name) = try FolderPlace(path, in: self).parent()
    return try FolderPlace.status(name, in: folder, as: path)
  }

  /// Removes a file, or a folder with everything below it; nothing happens when there is none.
  public func remove(_ path: SandboxPath) async throws {
    try checkIsThere()
    do {
      let (folder, name) = try FolderPlace(path, in: self).parent()
      guard name != Array(".".utf8) else { throw PluginError(.invalid, "the workspace itself cannot be removed") }
      _ = try FolderPlace.status(name, in: folder, as: path)
      withCString(name) { FolderTree.removeEntry(folder.descriptor, $0) }
    } catch let error as PluginError where error.code == .notFound {
      return
    }
  }

  /// Finds what is in a folder, or everything below it, without following links.
  public func list(_ path: SandboxPath, recursive: Bool, each: (FileStatus) async throws -> Void) async throws {
    try checkIsThere()
    try await walk(folder(path), at: [], recursive: recursive, each: each)
  }

  /// Finds everything below `path` with the SHA-256 of each regular file.
  public func hash(_ path: SandboxPath, each: (FileStatus) async throws -> Void) async throws {
    try checkIsThere()
    let root = try folder(path)
    try await walk(root, at: [], recursive: true) { status in
      var status = status
      if status.kind == .file { status.sha256 = Self.digest(of: status.path.bytes, in: root) }
      try await each(status)
    }
  }

  private func folder(_ path: SandboxPath) throws -> FolderFile {
    let file = try FolderPlace(path, in: self).open(O_RDONLY | O_NONBLOCK)
    guard file.status.st_mode & S_IFMT == S_IFDIR else { throw PluginError(.invalid, "\(path) is no folder") }
    return file
  }

  private func walk(
    _ folder: FolderFile, at prefix: [UInt8], recursive: Bool, each: (FileStatus) async throws -> Void
  ) async throws {
    let listed = withCString(Array(".".utf8)) { openat(folder.descriptor, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard listed >= 0 else { throw FolderPlace.failure(errno, String(decoding: prefix, as: UTF8.self)) }
    for name in FolderTree.rawNames(in: listed) {
      try Task.checkCancellation()
      let path = SandboxPath(bytes: prefix + name)
      // What went away between the listing and the look is not there.
      guard let status = try? FolderPlace.status(name, in: folder, as: path) else { continue }
      try await each(status)
      guard recursive, status.kind == .directory else { continue }
      let inner = withCString(name) { openat(folder.descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
      guard inner >= 0 else { continue }
      try await walk(FolderFile(inner), at: path.bytes + [UInt8(ascii: "/")], recursive: true, each: each)
    }
  }

  private static func digest(of path: [UInt8], in root: FolderFile) -> String? {
    let descriptor = withCString(path) { ks_folder_open(root.descriptor, $0, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, 1) }
    guard descriptor >= 0 else { return nil }
    let file = FolderFile(descriptor)
    var hash = ks_sha256()
    ks_sha256_init(&hash)
    while let bytes = try? file.read(upTo: 256 << 10), !bytes.isEmpty { ks_sha256_update(&hash, bytes, bytes.count) }
    var digest = [UInt8](repeating: 0, count: 32)
    ks_sha256_final(&hash, &digest)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
