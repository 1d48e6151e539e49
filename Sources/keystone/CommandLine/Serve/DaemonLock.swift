import Glibc

/// The lock that keeps two daemons from serving one data folder.
struct DaemonLock: ~Copyable {
  private let descriptor: Int32

  /// Takes the lock; `nil` when another daemon has it.
  init?(dataFolder: String) {
    descriptor = open("\(dataFolder)/daemon.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if descriptor >= 0 { close(descriptor) }
      return nil
    }
  }

  deinit { close(descriptor) }
}
