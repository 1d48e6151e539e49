import Glibc

/// Who runs the commands of a sandbox.
struct SandboxUser: Sendable, Hashable {
  /// The user on this machine; `nil` when commands run as the one who runs Keystone.
  var outside: uid_t?
  /// The user as the sandbox sees it.
  var inside: uid_t

  init(outside: uid_t?, inside: uid_t) {
    self.outside = outside
    self.inside = inside
  }

  /// The user inside namespaces, where commands of every sandbox have the same name.
  static let number: uid_t = 1000
  static let name = "agent"

  /// Root gives each sandbox a user of its own, from a range that no distribution hands out; others have only themselves.
  init(id: String, isolates: Bool) {
    let isRoot = getuid() == 0
    let hash = id.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    outside = isRoot ? 0x7000_0000 | hash & 0xff_ffff : nil
    inside = isolates ? Self.number : outside ?? getuid()
  }
}
