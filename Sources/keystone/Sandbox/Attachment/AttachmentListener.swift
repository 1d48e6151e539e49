import CSandbox
import Glibc
import KeystoneKit

/// The Unix socket at which the first process of one sandbox attaches to its host, once.
package struct AttachmentListener: ~Copyable {
  /// The socket's path, for the runtime.
  package let path: String
  private let descriptor: Int32

  /// Listens in `folder`, which is made when it does not exist, under a name that belongs to the sandbox `id`.
  package init(folder: String, id: String) throws {
    let name = ".attachment-\(id)"
    let listening = try Self.listen(folder, name)
    path = "\(folder)/\(name)"
    descriptor = listening
  }

  private static func listen(_ folder: String, _ name: String) throws -> Int32 {
    try ArtifactFolder.makeFolders(folder)
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if directory >= 0 { close(directory) } }
    let descriptor = directory < 0 ? -1 : ks_attachment_listen(directory, name)
    guard descriptor >= 0 else {
      let reason = String(cString: strerror(errno))
      throw PluginError(.unavailable, "cannot listen for the sandbox in \(folder): \(reason); check that folder")
    }
    return descriptor
  }

  deinit {
    unlink(path)
    close(descriptor)
  }

  /// Takes the connection that the first process made before its runtime said that it is ready; `nil` when the runtime
  /// does not attach its sandboxes.
  ///
  /// Nobody can connect any more after this: neither the socket nor its name is there.
  package consuming func accept() throws -> SandboxAttachment? {
    let connection = ks_attachment_accept(descriptor)
    if connection >= 0 { return try SandboxAttachment(connection: connection) }
    guard errno != EAGAIN else { return nil }
    let reason = String(cString: strerror(errno))
    throw PluginError(.denied, "cannot take what the sandbox's first process has: \(reason); run the scenario again")
  }
}
