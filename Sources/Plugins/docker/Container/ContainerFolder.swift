import Glibc
import KeystoneKit
import SandboxHelper

/// The folder of one container on the host's disk; the container sees `keystone/` as /run/keystone, read-only.
///
///     owner                 the instance's id and the sandbox's, a line each
///     keystone/control      where the helper finds its runtime, until it has
///     keystone/attachment   a place for the host's socket
///     keystone/init         a place for the helper
///     keystone/protected/   what only the host writes
struct ContainerFolder: Sendable {
  /// Where `keystone/` is inside.
  static let inside = "/run/keystone"

  let path: String

  var shown: String { "\(path)/keystone" }
  var protected: String { "\(shown)/protected" }
  var control: String { "\(shown)/control" }
  private var owner: String { "\(path)/owner" }

  /// Makes the folder; containers see it whatever their user is.
  func make(for labels: EngineLabels) throws(PluginError) {
    try Self.makeFolders(path)
    for folder in [shown, protected] { try Self.makeFolders(folder) }
    try Self.write("\(labels.instance)\n\(labels.sandbox)\n", to: owner)
    for name in ["init", "attachment"] { try Self.write("", to: "\(shown)/\(name)") }
  }

  /// Whose container this is; `nil` when this is no folder of this runtime.
  var existing: ExistingSandbox? {
    let descriptor = open(owner, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.count == 2 ? ExistingSandbox(id: String(lines[1]), instance: String(lines[0])) : nil
  }

  /// The folders of all containers in `parent`.
  static func all(in parent: String) -> [ContainerFolder] {
    names(in: parent).map { ContainerFolder(path: "\(parent)/\($0)") }.filter { $0.existing != nil }
  }

  /// Removes the folder; nothing but the host has written into it.
  func remove() throws(PluginError) {
    Self.removeAll(path, depth: 16)
    if access(path, F_OK) == 0 { throw PluginError.system("remove \(path)") }
  }

  private static func removeAll(_ path: String, depth: Int) {
    if unlink(path) == 0 || depth == 0 { return }
    for name in names(in: path) { removeAll("\(path)/\(name)", depth: depth - 1) }
    rmdir(path)
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  private static func makeFolders(_ path: String) throws(PluginError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      throw PluginError.system("make the folder \(path)")
    }
    try makeFolders(String(path[..<slash]))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw PluginError.system("make the folder \(path)") }
  }

  private static func write(_ text: String, to file: String) throws(PluginError) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw PluginError.system("write \(file)") }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw PluginError.system("write \(file)") }
  }
}
