import Glibc
import KeystoneKit

/// The place of the Unix socket that serves sandboxes: in the data folder, or where its path is short enough.
final class SandboxSocket: Sendable {
  /// The longest path that a socket's address takes.
  private static let longest = 100

  /// The path, where nothing is yet.
  let path: String
  private let folder: String?

  /// Chooses the place; `name` is this process's alone.
  init(folder: String, name: String) throws {
    let wanted = "\(folder)/\(name).sock"
    guard wanted.utf8.count > Self.longest else {
      path = wanted
      self.folder = nil
      return
    }
    var template = Array("/tmp/keystone-XXXXXX\0".utf8.map { CChar(bitPattern: $0) })
    guard mkdtemp(&template) != nil else {
      throw PluginError(.unavailable, "cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
    }
    let own = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    path = "\(own)/api.sock"
    self.folder = own
  }

  deinit {
    unlink(path)
    if let folder { rmdir(folder) }
  }
}
