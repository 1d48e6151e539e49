import KeystoneKit

/// How long a plugin that died or did not start is left alone: not at all, then 0.1 s, 0.2 s, … at most 30 s.
struct BackOff {
  /// A call waits this long for a plugin to be started again; with more to wait it fails at once.
  private static let patience = Duration.seconds(2)

  private var failures = 0
  private var until = ContinuousClock.now
  private var last: PluginError?

  /// Takes note of a failure.
  mutating func failed(_ error: PluginError) {
    failures += 1
    last = error
    // The first one costs nothing: what crashed for one scenario may do well for the next.
    let delay = failures == 1 ? Duration.zero : .milliseconds(100) * (1 << min(failures - 2, 9))
    until = .now + min(delay, .seconds(30))
  }

  /// How long to wait before the next start.
  ///
  /// - Throws: The last failure, when that is too long for a call.
  func wait(_ label: String) throws -> Duration {
    let wait = ContinuousClock.now.duration(to: until)
    guard wait > Self.patience, let last else { return max(wait, .zero) }
    throw PluginError(
      .unavailable,
      "plugin \(label) failed \(failures) times in a row and is left alone for \(wait.wholeMilliseconds / 1000 + 1) s; "
        + "the last time: \(last.message)", detail: last.detail, retryable: true)
  }
}
