/// Which part of a long output is kept.
public enum KeptPart: Sendable, Hashable {
  /// Its beginning.
  case first
  /// Its end, where programs say why they failed.
  case last
}

extension CommandStatus {
  /// How the program ended, as the end of a sentence: `exited with 1`, `was killed by SIGKILL`.
  public var ending: String {
    if timedOut { return "was killed because its time was up" }
    if let limit { return "was killed because it was over its limit of \(limit)" }
    if let exitCode { return "exited with \(exitCode)" }
    guard let signal else { return "ended in an unknown way" }
    return "was killed by \(Self.signalNames[signal] ?? "signal \(signal)")"
  }

  private static let signalNames = [
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL",
    11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM", 31: "SIGSYS",
  ]
}

extension CommandOutput {
  /// The last lines the program wrote to stderr, or to stdout when stderr is empty, in one line for a reason.
  ///
  /// Control characters are left out, so that nothing a program writes can move the cursor of a terminal.
  public func lastLines(_ count: Int = 3) -> String {
    let errors = Self.lines(of: errorText)
    let lines = errors.isEmpty ? Self.lines(of: text) : errors
    return String(lines.suffix(count).joined(separator: " ⏎ ").suffix(500))
  }

  private static func lines(of text: String) -> [String] {
    text.unicodeScalars.split(whereSeparator: { $0 == "\n" || $0 == "\r" })
      .map { line in String(String.UnicodeScalarView(line.filter { $0.properties.generalCategory != .control })) }
      .filter { line in !line.allSatisfy(\.isWhitespace) }
  }
}
