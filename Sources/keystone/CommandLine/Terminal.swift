import Glibc

/// The terminal, or the files it is redirected to.
enum Terminal {
  /// Whether stderr is a terminal, where progress may be drawn.
  static let isInteractive = isatty(STDERR_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
  /// Whether stdout is a terminal, where colours may be used (no-color.org).
  static let hasColours = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil

  /// Writes a line to stderr.
  static func complain(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

  /// Writes text to stdout.
  static func show(_ text: String) { write(text, to: STDOUT_FILENO) }

  static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        buffer.baseAddress.map { Glibc.write(descriptor, $0 + sent, bytes.count - sent) } ?? 0
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      sent += count
    }
  }

  /// Asks a person; false where nobody can answer.
  static func agrees(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1 else { return false }
    show(question)
    return ["y", "yes"].contains(readLine()?.lowercased())
  }

  /// `text` in a colour of the terminal, where it has colours.
  static func coloured(_ text: String, _ code: Int) -> String { hasColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }

  /// The number of columns of stderr's terminal.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
