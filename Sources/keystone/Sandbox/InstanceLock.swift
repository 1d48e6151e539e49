import Glibc
import KeystoneKit
package import KeystonePluginHost

/// The lock a host holds for as long as it lives, so that others know whose sandboxes are orphans.
package final class InstanceLock: Sendable {
  /// The instance's id, which everything it makes carries.
  package let id: String
  private let path: String
  private let descriptor: Int32

  /// Takes the lock of a new instance below `dataFolder`.
  package init(dataFolder: String, id: String) throws {
    let folder = "\(dataFolder)/instances"
    try ArtifactFolder.makeFolders(folder)
    self.id = id
    path = "\(folder)/\(id).lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw PluginError(.unavailable, "cannot lock \(path): \(String(cString: strerror(errno))); check \(dataFolder)")
    }
  }

  deinit {
    unlink(path)
    close(descriptor)
  }

  /// Whether the host `instance` has ended: its lock is gone or free.
  package static func isOrphan(_ instance: String, dataFolder: String) -> Bool {
    let path = "\(dataFolder)/instances/\(instance).lock"
    let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return errno == ENOENT }
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return false }
    unlink(path)
    return true
  }
}

/// Removes the sandboxes of hosts that have died.
package enum Reaper {
  /// Finds the sandboxes `runtime` knows below `folder` and removes the orphans; answers how many.
  package static func reap(
    _ runtime: InstalledType, registry: PluginRegistry, folder: String, dataFolder: String
  ) async throws -> Int {
    let listCall = SandboxCall(type: runtime.descriptor.type, path: SandboxPath(folder))
    let answer = try await registry.call(
      runtime, "existing", JSONValueEncoder().encode(listCall).bytes, budget: .seconds(30))
    let list = try JSONValueDecoder().decode(ListReply<ExistingSandbox>.self, from: JSONValue(parsing: answer))
    var count = 0
    for sandbox in list.items where InstanceLock.isOrphan(sandbox.instance, dataFolder: dataFolder) {
      if access(sparedMark(sandbox.id, folder), F_OK) == 0 { continue }
      let request = SandboxRequest(id: sandbox.id, instance: sandbox.instance, folder: folder, base: "")
      let call = SandboxCall(type: runtime.descriptor.type, request: request)
      _ = try await registry.call(
        runtime, "reap", JSONValueEncoder().encode(call).bytes, budget: .seconds(30))
      unlink("\(folder)/.attachment-\(sandbox.id)")
      count += 1
    }
    return count
  }

  /// Makes sure that a sandbox is not taken for an orphan: a person wants to look at it.
  static func spare(_ id: String, folder: String) {
    let descriptor = open(sparedMark(id, folder), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    if descriptor >= 0 { close(descriptor) }
  }

  private static func sparedMark(_ id: String, _ folder: String) -> String { "\(folder)/.kept-\(id)" }
}
