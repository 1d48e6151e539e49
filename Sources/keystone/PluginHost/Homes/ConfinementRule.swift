import Glibc
import KeystoneKit

/// Decides whether an installed plugin may start without its confinement.
struct ConfinementRule {
  private let allowsUnconfined: Bool

  init(_ options: PluginOptions) { allowsUnconfined = options.allowUnconfined }

  /// The confinement to use: the one given, or none where the operator allowed that and bubblewrap does not work.
  func apply(_ confinement: Confinement?) async throws -> Confinement? {
    guard let confinement, allowsUnconfined else { return confinement }
    return await BubblewrapProbe.shared.works() ? confinement : nil
  }
}

/// Finds out once whether bubblewrap can make namespaces here.
private final class BubblewrapProbe: Sendable {
  static let shared = BubblewrapProbe()
  private let answer = Locked<Bool?>(nil)

  func works() async -> Bool {
    if let known = answer.withLock({ $0 }) { return known }
    let works = await withCheckedContinuation { continuation in
      startThread { continuation.resume(returning: Self.tryIt()) }
    }
    answer.withLock { $0 = works }
    return works
  }

  private static func tryIt() -> Bool {
    let words = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "/bin/true"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for number in Int32(0)...2 { posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0) }
    var pid = pid_t()
    var environment: [UnsafeMutablePointer<CChar>?] = [nil]
    guard posix_spawnp(&pid, "bwrap", &actions, nil, &arguments, &environment) == 0 else { return false }
    var status: Int32 = -1
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status == 0
  }
}
