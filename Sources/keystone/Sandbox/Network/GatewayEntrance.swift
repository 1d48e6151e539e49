import Glibc
package import KeystoneKit

/// Where the host itself enters a sandbox's network, for one connection.
package final class GatewayEntrance: Sendable {
  /// The Unix socket to connect to, in a folder that only this user can look into.
  package let path: String
  private let folder: String
  private let reason = Locked<PluginError?>(nil)

  /// Makes the folder.
  package init() throws(PluginError) {
    var template = Array("/tmp/keystone-entrance-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      let reason = String(cString: strerror(errno))
      throw PluginError(.exhausted, "cannot make a folder in /tmp: \(reason); make room there")
    }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    path = "\(folder)/socket"
  }

  deinit { remove() }

  /// Why the connection led nowhere, once that is known.
  package var failure: PluginError? { reason.withLock { $0 } }

  /// Says why the connection leads nowhere.
  package func fail(_ error: PluginError) { reason.withLock { $0 = $0 ?? error } }

  /// Takes the socket and its folder away.
  package func remove() {
    unlink(path)
    rmdir(folder)
  }
}
