import CChild
import Glibc
import KeystoneKit

/// What separates sandboxes from this machine here.
enum Isolation: Sendable, Hashable {
  /// Namespaces made by the bubblewrap at this path.
  case bubblewrap(String)
  /// Nothing, for this reason.
  case none(String)

  /// Whether sandboxes have namespaces of their own.
  var isNamespace: Bool { if case .bubblewrap = self { true } else { false } }

  private static let probed = Locked<[String: Isolation]>([:])

  /// What `settings` ask for and this machine has; throws when it lacks what is demanded.
  static func resolve(_ settings: LocalSettings) async throws(PluginError) -> Isolation {
    switch settings.isolation {
    case .none: return .none("the operator set `isolation` to none")
    case .auto: return await probe()
    case .bubblewrap:
      let found = await probe()
      if case .none(let reason) = found {
        throw PluginError(.unavailable, "the local runtime must isolate with bubblewrap, but \(reason)")
      }
      return found
    }
  }

  /// Tries once per process whether bubblewrap can make a sandbox.
  private static func probe() async -> Isolation {
    guard let path = find() else { return .none("bubblewrap is not installed; install the package `bubblewrap`") }
    if let known = probed.withLock({ $0[path] }) { return known }
    let failure = await attempt(path)
    let found = failure.map { Isolation.none("bubblewrap cannot make namespaces here: \($0)") } ?? .bubblewrap(path)
    probed.withLock { $0[path] = found }
    return found
  }

  private static func find() -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/bin"]
    return folders.map { "\($0)/bwrap" }.first { access($0, X_OK) == 0 }
  }

  /// Runs the smallest sandbox; answers what went wrong.
  private static func attempt(_ path: String) async -> String? {
    var ends: [Int32] = [-1, -1]
    guard ks_child_pipe(&ends) == 0 else { return "no descriptor is left" }
    defer { close(ends[0]) }
    let arguments = [path, "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "--proc", "/proc", "/bin/true"]
    let child = try? ChildProcess(arguments, socket: ends[1], output: ends[1])
    close(ends[1])
    guard let child else { return "it could not be started" }
    if await child.waitForEnd() == 0 { return nil }
    var bytes = [UInt8](repeating: 0, count: 1024)
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    let count = max(0, read(ends[0], &bytes, bytes.count))
    let line = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").first.map(String.init)
    return line ?? "it ended without a word"
  }
}
