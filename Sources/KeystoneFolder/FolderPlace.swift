import CFolder
import Glibc
import KeystoneKit

/// Where a path of a sandbox lies: an open folder, its root, and the way from there, out of which no link leads.
struct FolderPlace {
  let root: FolderFile
  let parts: [[UInt8]]
  /// Whether nothing may lead out of the root; the root of the whole machine has no outside.
  let isBeneath: Bool
  private let shown: SandboxPath

  /// The place of `path` in a sandbox.
  init(_ path: SandboxPath, in sandbox: FolderSandbox, area: FileArea = .sandbox) throws {
    guard !path.bytes.contains(0) else {
      throw PluginError(.invalid, "a path with a NUL byte names no file; write it without")
    }
    guard path.bytes.count < Int(PATH_MAX) else {
      throw PluginError(.invalid, "the path is too long for a file's name")
    }
    var parts = path.bytes.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != Array(".".utf8) }
    var root = sandbox.workspace
    var isBeneath = true
    if area == .protected {
      let isInside = path.bytes.first != UInt8(ascii: "/") && !parts.isEmpty && !parts.contains(Array("..".utf8))
      guard isInside else { throw PluginError(.denied, "\(path) is no name in the protected folder") }
      root = sandbox.protected
    } else if path.bytes.first == UInt8(ascii: "/") {
      if parts.first == Array("workspace".utf8) { parts.removeFirst() } else { (root, isBeneath) = ("/", false) }
    } else if parts.first == Array("tmp".utf8), access("\(sandbox.workspace)/tmp", F_OK) != 0 {
      (root, isBeneath) = ("/", false)
    }
    let descriptor = Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(errno, root) }
    self.root = FolderFile(descriptor)
    self.parts = parts
    self.isBeneath = isBeneath
    shown = path
  }

  private func text(_ parts: some Sequence<[UInt8]>) -> [UInt8] {
    let joined = Array(parts.joined(separator: [UInt8(ascii: "/")]))
    return joined.isEmpty ? Array(".".utf8) : joined
  }

  /// Opens the file itself, following links that stay inside.
  func open(_ flags: Int32) throws -> FolderFile { try open(parts[...], flags) }

  private func open(_ parts: ArraySlice<[UInt8]>, _ flags: Int32) throws -> FolderFile {
    let result = withCString(text(parts)) { ks_folder_open(root.descriptor, $0, flags, 0, isBeneath ? 1 : 0) }
    guard result >= 0 else { throw Self.failure(-result, "\(shown)") }
    return FolderFile(result)
  }

  /// Opens the folder the file lies in and answers it with the file's name; the root itself has no name.
  func parent() throws -> (folder: FolderFile, name: [UInt8]) {
    guard let name = parts.last else { return (root, Array(".".utf8)) }
    return (try open(parts.dropLast(), O_RDONLY | O_DIRECTORY), name)
  }

  /// Makes the folders above the file.
  func makeParents() throws {
    for count in stride(from: 1, to: parts.count, by: 1) {
      do {
        _ = try open(parts[..<count], O_RDONLY | O_DIRECTORY)
      } catch let error as PluginError where error.code == .notFound {
        let above = try open(parts[..<(count - 1)], O_RDONLY | O_DIRECTORY)
        guard withCString(parts[count - 1], { mkdirat(above.descriptor, $0, 0o755) }) == 0 || errno == EEXIST else {
          throw Self.failure(errno, "\(shown)")
        }
      }
    }
  }

  /// What is known of the entry `name` of an open folder, without following a link.
  static func status(_ name: [UInt8], in folder: FolderFile, as path: SandboxPath) throws -> FileStatus {
    var status = stat()
    guard withCString(name, { fstatat(folder.descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
      throw failure(errno, "\(path)")
    }
    var found = FileStatus(path: path, status)
    if found.kind == .symlink {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = withCString(name) { readlinkat(folder.descriptor, $0, &buffer, buffer.count) }
      found.target = SandboxPath(bytes: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) })
    }
    return found
  }

  /// A system's error number about `what`.
  static func failure(_ number: Int32, _ what: String) -> PluginError {
    let reason = String(cString: strerror(number))
    return switch number {
    case ENOENT, ENOTDIR: PluginError(.notFound, "\(what): there is no such file or folder")
    case EXDEV: PluginError(.denied, "\(what) leads out of the sandbox")
    case EACCES, EPERM, EROFS: PluginError(.denied, "\(what): \(reason)")
    case ELOOP, EISDIR, ENAMETOOLONG, EINVAL: PluginError(.invalid, "\(what): \(reason)")
    case ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM: PluginError(.exhausted, "\(what): \(reason)")
    default: PluginError(.unavailable, "\(what): \(reason)")
    }
  }
}

extension FileStatus {
  init(path: SandboxPath, _ status: stat) {
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symlink
      default: .other
      }
    self.init(path: path, kind: kind, size: UInt64(max(0, status.st_size)), mode: status.st_mode & 0o7777)
  }
}
