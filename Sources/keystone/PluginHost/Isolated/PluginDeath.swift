package import KeystoneKit

/// How the process of an isolated plugin ended, and what is known of the reason.
package struct PluginDeath: Sendable, Equatable {
  /// Why the process is no more.
  package enum Cause: Sendable, Equatable {
    /// The host asked it to end.
    case stopped
    /// It ended by itself with this status.
    case exited(Int32)
    /// A signal ended it.
    case signalled(Int32)
    /// The host killed it, for the reason given.
    case killed(String)
    /// It said that the plugin cannot be used, and why.
    case refused(String)
  }

  /// The plugin, as errors name it.
  package var label: String
  /// Why the process is no more.
  package var cause: Cause
  /// The text of the trap that ended a Swift plugin.
  package var fatalError: String?
  /// A few frames of the crash report, or else the last lines the process wrote.
  package var evidence: String?

  /// Whether the host wanted this end.
  package var isExpected: Bool { cause == .stopped }

  /// What every call that was under way ends with, and every later one.
  package var error: PluginError {
    PluginError(.unavailable, sentence, detail: evidence, retryable: canStartAgain)
  }

  /// Whether the next call finds it started again.
  private var canStartAgain: Bool {
    switch cause {
    case .exited, .signalled, .killed: true
    case .stopped, .refused: false
    }
  }

  private var sentence: String {
    let said = fatalError.map { ": \($0)" } ?? ""
    switch cause {
    case .stopped: return "plugin \(label) was stopped; call it again to start it"
    case .exited(let status):
      return "the process of plugin \(label) ended with exit status \(status) in the middle of its work\(said); "
        + advice
    case .signalled(let signal):
      return "plugin \(label) crashed with signal \(signal)\(Self.name(of: signal))\(said); \(advice)"
    case .killed(let reason): return "plugin \(label) was killed: \(reason)\(said)"
    case .refused(let reason): return "plugin \(label) cannot be used: \(reason)"
    }
  }

  private var advice: String {
    evidence == nil ? "it wrote nothing; report this to its author" : "report the lines in the detail to its author"
  }

  private static func name(of signal: Int32) -> String {
    let names: [Int32: String] = [
      4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE",
      15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]
    return names[signal].map { " (\($0))" } ?? ""
  }
}
