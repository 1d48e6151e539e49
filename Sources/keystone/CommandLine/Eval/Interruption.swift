import Glibc
import KeystoneKit
import Synchronization

/// Ctrl-C, SIGTERM and a terminal that closes: the first asks the work to end cleanly, the second ends the process.
struct Interruption: Sendable {
  private static let count = Atomic<Int>(0)
  private static let wake = SignalPipe()

  init() {
    // Made here, because a signal handler must not be the first to ask for it.
    _ = Self.wake
    for number in [SIGINT, SIGTERM, SIGHUP] where !Self.isIgnored(number) {
      signal(number) { _ in
        // Only what is safe in a signal handler: an atomic, write(2) and _exit(2).
        if Interruption.count.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
        Interruption.wake.signal()
      }
    }
    // Whoever reads the output may stop reading: the run still ends in order. Not SIG_IGN, which children inherit.
    signal(SIGPIPE) { _ in }
  }

  /// Whether the caller wants a signal to be ignored, as `nohup` does.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// Whether a signal has come.
  var hasHappened: Bool { Self.count.load(ordering: .relaxed) > 0 }

  /// Runs `action` when the first signal comes.
  func onFirst(_ action: @escaping @Sendable () -> Void) {
    startThread {
      Self.wake.wait()
      Terminal.complain("\nstopping; once more stops at once")
      action()
    }
  }
}

/// A pipe that a signal handler may write to.
private struct SignalPipe: Sendable {
  private let ends: (Int32, Int32)

  init() {
    var descriptors: [Int32] = [-1, -1]
    pipe(&descriptors)
    for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    ends = (descriptors[0], descriptors[1])
  }

  func signal() {
    var byte: UInt8 = 1
    write(ends.1, &byte, 1)
  }

  func wait() {
    var byte: UInt8 = 0
    while read(ends.0, &byte, 1) < 0 && errno == EINTR {}
  }
}
