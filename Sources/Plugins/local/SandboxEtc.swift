import Glibc
import KeystoneKit
import SandboxHelper

/// The sandbox's /etc: a few generated files, and those of the host that programs need and that hold no secret.
///
/// Sandboxes see it read-only, so all of one user share one folder, named by what is in it, in the plugin's cache.
struct SandboxEtc: Sendable {
  /// Where the folders are kept.
  let cache: String

  /// How the gateway is asked for names.
  private static let resolver = "nameserver 198.18.0.1\noptions timeout:2 attempts:2\n"
  /// The file from which most programs read the certificate authorities that they trust.
  static let authorities = "/etc/ssl/certs/ca-certificates.crt"
  /// Files copied as they are.
  private static let copied = ["ld.so.cache", "ld.so.conf", "mime.types", "debian_version", "os-release"]
  /// Folders shown read-only; of /etc/ssl never the private keys.
  private static let shown = ["ssl/certs", "alternatives"]
  /// The folders this process has made or found, by cache and user.
  private static let known = Locked<[String: String]>([:])

  /// The host's folders that are bound below /etc.
  static var shownFolders: [String] { shown.filter { access("/etc/\($0)", R_OK | X_OK) == 0 } }

  /// The folder for sandboxes of `user`, made when it is not there; attached ones ask the gateway for names.
  func folder(for user: SandboxUser, isAttached: Bool) throws(PluginError) -> String {
    let key = "\(cache)\0\(user.inside)\0\(isAttached)"
    if let path = Self.known.withLock({ $0[key] }), access(path, F_OK) == 0 { return path }
    let files = Self.files(user, resolver: isAttached ? Self.resolver : "")
    let path = "\(cache)/etc-\(String(Self.fingerprint(files), radix: 16))"
    if access(path, F_OK) != 0 { try make(files, at: path) }
    Self.known.withLock { $0[key] = path }
    return path
  }

  /// Makes the folder under another name first: whoever finds it, finds it whole.
  private func make(_ files: [(name: String, content: [UInt8])], at path: String) throws(PluginError) {
    let folder = SandboxFolder(path: "\(path).new-\(getpid())-\(UInt32.random(in: 0 ... .max))")
    try SandboxFolder.makeFolders(folder.path)
    for file in files { try folder.write(file.content, to: "\(folder.path)/\(file.name)") }
    for name in Self.shownFolders { try SandboxFolder.makeFolders("\(folder.path)/\(name)") }
    if let zone = Self.link("/etc/localtime") { symlink(zone, "\(folder.path)/localtime") }
    if rename(folder.path, path) == 0 { return }
    let reason = errno
    _ = folder.removePlain()
    guard reason == EEXIST || reason == ENOTEMPTY else {
      errno = reason
      throw PluginError.system("make the folder \(path)")
    }
  }

  private static func files(_ user: SandboxUser, resolver: String) -> [(name: String, content: [UInt8])] {
    let agent = "\(SandboxUser.name):x:\(user.inside):\(user.inside)"
    let passwd = """
      root:x:0:0:root:/root:/bin/sh
      \(agent):agent:/home/agent:/bin/sh
      nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

      """
    let generated = [
      ("passwd", passwd), ("group", "root:x:0:\n\(SandboxUser.name):x:\(user.inside):\nnogroup:x:65534:\n"),
      ("hosts", "127.0.0.1 localhost keystone\n::1 localhost ip6-localhost\n"), ("hostname", "keystone\n"),
      ("resolv.conf", resolver), ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ]
    return generated.map { ($0, Array($1.utf8)) }
      + copied.compactMap { name in SandboxFolder.read("/etc/\(name)", limit: 256 << 10).map { (name, $0) } }
  }

  /// FNV-1a over names and contents: tells yesterday's folder from today's, and protects against nothing else.
  private static func fingerprint(_ files: [(name: String, content: [UInt8])]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for file in files {
      for byte in Array(file.name.utf8) + [0] + file.content + [0] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return hash
  }

  private static func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }
}
