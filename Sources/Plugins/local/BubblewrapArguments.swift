import Glibc

/// The command line that makes one sandbox: its root is built from this list, and what is not on it does not exist there.
struct BubblewrapArguments {
  let bubblewrap: String
  let program: String
  let folder: SandboxFolder
  /// The folder that is the sandbox's /etc.
  let etcFolder: String
  let user: SandboxUser
  /// The host's socket for the first process.
  let attachment: String?

  /// Where things are inside.
  static let workspace = "/workspace"
  static let protected = "/run/keystone/protected"
  static let home = "/home/agent"
  private static let programInside = "/run/keystone/init"
  private static let attachmentInside = "/run/keystone/attachment"

  /// Files of control groups that everything joins.
  let joining: [String]
  /// Further arguments of the first process.
  let limits: [String]

  /// The command line, the program that starts it included.
  var all: [String] {
    var list: [String] = []
    let joins = joining.flatMap { ["--join", $0] }
    if let outside = user.outside {
      // Root maps two users; see launch.c.
      list +=
        [program] + joins + ["--map", "\(outside)", "\(outside)", "\(user.inside)", "\(user.inside)"]
    } else if !joins.isEmpty {
      list += [program] + joins + ["--exec"]
    }
    list += [bubblewrap] + namespaces + system + etc + writable + own
    // Nothing in the sandbox may put a file such as /etc/ld.so.preload in the way of those who judge it.
    list += ["--remount-ro", "/run/keystone", "--remount-ro", "/dev", "--remount-ro", "/"]
    list += ["--chdir", Self.workspace, Self.programInside, "--workspace", Self.workspace, "--first-process"]
    list += limits + ["--network"] + (attachment == nil ? [] : ["--attachment", Self.attachmentInside])
    if user.outside != nil { list += ["--user", "\(user.inside)", "--group", "\(user.inside)"] }
    return list
  }

  private var namespaces: [String] {
    // The network's namespace is made by the first process, which must own it to set up the way to the gateway.
    var list = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    list += ["--unshare-cgroup-try", "--as-pid-1", "--hostname", "keystone"]
    if user.outside == nil {
      // The first process shares the commands' user. The first capability, which they do not get, lets it read what they
      // lock; the others make the network and are given up before anything runs.
      list += ["--uid", "\(user.inside)", "--gid", "\(user.inside)"]
      let capabilities = ["DAC_OVERRIDE", "SYS_ADMIN", "NET_ADMIN", "NET_BIND_SERVICE"]
      list += capabilities.flatMap { ["--cap-add", "CAP_\($0)"] }
    }
    return list
  }

  private var system: [String] {
    var list = ["--ro-bind", "/usr", "/usr"]
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = readlink("/\(name)", &buffer, buffer.count)
      if count > 0 {
        let target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        list += ["--symlink", target, "/\(name)"]
      } else if access("/\(name)", X_OK) == 0 {
        list += ["--ro-bind", "/\(name)", "/\(name)"]
      }
    }
    return list + ["--proc", "/proc", "--dev", "/dev"]
  }

  private var etc: [String] {
    let shown = SandboxEtc.shownFolders.flatMap { ["--ro-bind", "/etc/\($0)", "/etc/\($0)"] }
    let trusts = access(folder.authorities, F_OK) == 0 && access(SandboxEtc.authorities, F_OK) == 0
    return ["--ro-bind", etcFolder, "/etc"] + shown
      + (trusts ? ["--ro-bind", folder.authorities, SandboxEtc.authorities] : [])
  }

  private var writable: [String] {
    // Folders that bubblewrap makes by the way are its own only.
    ["/home", "/var"].flatMap { ["--perms", "0755", "--dir", $0] }
      + ["/tmp", "/var/tmp", "/dev/shm"].flatMap { ["--perms", "1777", "--tmpfs", $0] }
      + ["--perms", "0755", "--tmpfs", "/run", "--symlink", "/run", "/var/run", "--bind", folder.home, Self.home]
  }

  private var own: [String] {
    // A mount of its own, because a plain folder above a mount can be renamed away and replaced.
    let attached = attachment.map { ["--bind", $0, Self.attachmentInside] } ?? []
    return [
      "--perms", "0755", "--tmpfs", "/run/keystone", "--ro-bind", folder.protected, Self.protected, "--ro-bind",
      program, Self.programInside, "--bind", folder.workspace, Self.workspace,
    ] + attached
  }
}
