import Glibc
import KeystoneKit

/// The folder of a sandbox that only the host writes, from outside; nothing in the sandbox can put a link into it.
package struct ProtectedArea: Sendable {
  package let folder: String

  package init(folder: String) { self.folder = folder }

  /// Replaces the file at `path`, a relative path.
  func write(_ path: SandboxPath, mode: UInt32, from input: ByteInput) async throws -> FileStatus {
    let file = try place(of: path)
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw PluginError.system("write \(file)") }
    defer { close(descriptor) }
    var size: UInt64 = 0
    for try await frame in input {
      try append(frame, to: descriptor, file)
      size += UInt64(frame.count)
    }
    // The commands' user must be able to read it, and is not its owner; a program may be one that is only run.
    let readable = mode == 0o111 ? mode : (mode & 0o755) | 0o444
    guard fchmod(descriptor, mode_t(readable)) == 0 else { throw PluginError.system("write \(file)") }
    return FileStatus(path: path, kind: .file, size: size, mode: readable)
  }

  private func append(_ frame: [UInt8], to descriptor: Int32, _ file: String) throws {
    var rest = frame[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw PluginError.system("write \(file)") }
      rest = rest.dropFirst(count)
    }
  }

  /// The file on the host's disk, with its parents made.
  private func place(of path: SandboxPath) throws -> String {
    let parts = path.description.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." }
    guard let name = parts.last, !parts.contains(".."), path.bytes.first != UInt8(ascii: "/") else {
      throw PluginError(
        .invalid, "the protected file '\(path)' is not below its folder; give a relative path without ..")
    }
    var parent = folder
    for part in parts.dropLast() {
      parent += "/\(part)"
      guard mkdir(parent, 0o755) == 0 || errno == EEXIST else { throw PluginError.system("make the folder \(parent)") }
    }
    return "\(parent)/\(name)"
  }
}
