import Glibc
import KeystoneKit
import SandboxHelper

/// The folder of one sandbox on the host's disk.
///
/// Beside it, as long as anything of it is there, lies `.instance-NAME`, which says who made it: the instance's id and the
/// sandbox's, a line each. So a host that is killed while it makes or removes the folder leaves nothing that the next one
/// does not know.
///
///     workspace/   /workspace of the sandbox
///     protected/   what only the host writes and the sandbox sees read-only
///     home/        the home folder where nothing isolates
///     services/    the sandboxes of its services
///     start.log    what bubblewrap said
///     authorities.crt  the system's certificate authorities and the sandbox's own
struct SandboxFolder: Sendable {
  let path: String

  var workspace: String { "\(path)/workspace" }
  var protected: String { "\(path)/protected" }
  var home: String { "\(path)/home" }
  var startLog: String { "\(path)/start.log" }
  var authorities: String { "\(path)/authorities.crt" }

  private static let instancePrefix = ".instance-"
  private var instanceFile: String {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    return "\(path[..<slash])\(Self.instancePrefix)\(path[slash...])"
  }

  /// Makes the folder; what an earlier attempt left there is an error, since nobody else makes this sandbox.
  func make(for request: SandboxRequest, owner: uid_t?) throws(PluginError) {
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try Self.makeFolders(String(path[..<slash])) }
    try write("\(request.instance)\n\(request.id)\n", to: instanceFile)
    try Self.makeFolders(path)
    for folder in [workspace, protected, home] { try Self.makeFolder(folder) }
    if let own = request.authorities {
      try write((Self.read(SandboxEtc.authorities, limit: 4 << 20) ?? []) + Array("\n\(own)".utf8), to: authorities)
    }
    guard let owner else { return }
    for folder in [workspace, home] where chown(folder, owner, owner) != 0 {
      throw PluginError.system("give \(folder) to user \(owner)")
    }
  }

  /// Who made this sandbox; `nil` when this is no sandbox of this runtime.
  var existing: ExistingSandbox? {
    let lines = Self.readText(instanceFile, limit: 4096)?.split(separator: "\n") ?? []
    guard lines.count == 2 else { return nil }
    return ExistingSandbox(id: String(lines[1]), instance: String(lines[0]))
  }

  /// Forgets who made it, once it is removed.
  func forget() { unlink(instanceFile) }

  /// All sandboxes whose folders lie in `parent`, or did until somebody was killed.
  static func all(in parent: String) -> [SandboxFolder] {
    guard let directory = opendir(parent) else { return [] }
    defer { closedir(directory) }
    var folders: [SandboxFolder] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(instancePrefix) {
        folders.append(SandboxFolder(path: "\(parent)/\(name.dropFirst(instancePrefix.count))"))
      }
    }
    return folders
  }

  /// Writes a small file of the runtime's own.
  func write(_ text: String, to file: String) throws(PluginError) { try write(Array(text.utf8), to: file) }

  /// Writes a small file of the runtime's own.
  func write(_ content: [UInt8], to file: String) throws(PluginError) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw PluginError.system("write \(file)") }
    defer { close(descriptor) }
    var bytes = content[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw PluginError.system("write \(file)") }
      bytes = bytes.dropFirst(count)
    }
  }

  /// The beginning of a file as text; `nil` when it cannot be read.
  static func readText(_ file: String, limit: Int) -> String? {
    read(file, limit: limit).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The beginning of a file; `nil` when it cannot be read.
  static func read(_ file: String, limit: Int) -> [UInt8]? {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = max(0, Glibc.read(descriptor, buffer.baseAddress, limit))
    }
    return bytes
  }

  static func makeFolder(_ path: String) throws(PluginError) {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw PluginError.system("make the folder \(path)") }
  }

  /// Makes a folder and its parents.
  static func makeFolders(_ path: String) throws(PluginError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw PluginError.system("make the folder \(path)")
    }
    try makeFolders(String(path[..<slash]))
    try makeFolder(path)
  }
}

extension SandboxFolder {
  /// Removes a small and plain folder without starting a process for it; false when it is anything else.
  ///
  /// Nothing in the sandbox is alive any more, so what is looked at cannot change before it is removed.
  func removePlain() -> Bool {
    var budget = 200
    return Self.removePlain(path, depth: 8, budget: &budget)
  }

  private static func removePlain(_ path: String, depth: Int, budget: inout Int) -> Bool {
    guard depth > 0 else { return false }
    guard let directory = opendir(path) else { return errno == ENOENT }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      // A name that is no text is left to the program that takes all of them.
      guard let name else { return false }
      if name == "." || name == ".." { continue }
      budget -= 1
      let file = "\(path)/\(name)"
      guard budget > 0 else { return false }
      if entry.pointee.d_type == UInt8(DT_DIR) {
        guard removePlain(file, depth: depth - 1, budget: &budget) else { return false }
      } else if unlink(file) != 0 {
        return false
      }
    }
    return rmdir(path) == 0
  }
}
