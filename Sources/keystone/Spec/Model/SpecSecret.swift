/// A secret that the sandbox needs.
public struct SpecSecret: Sendable, Hashable {
  /// Where a secret's value comes from.
  public enum Origin: Sendable, Hashable {
    /// The caller's environment variable of this name.
    case environment(String)
    /// The trimmed contents of a file on the caller's machine; may begin with `~/`.
    case file(String)
    /// What a shell command on the caller's machine prints, trimmed.
    case command(String)
    /// The value stored with the daemon.
    case dashboard
    /// A literal in the spec.
    case literal(String)
    /// 32 random bytes as hexadecimal digits, new for every run.
    case generated
  }

  /// The name of the environment variable in the sandbox.
  public var name: String
  /// Where the value comes from.
  public var origin: Origin
  /// The file in the sandbox that the value is written to, when the document asks for one.
  public var fileTemplate: String?
}

extension SpecSecret.Origin {
  /// Reads the text of a `source:` key; `nil` when it is none of the documented forms.
  public init?(source: String, name: String) {
    if source == "env" {
      self = .environment(name)
    } else if source == "dashboard" {
      self = .dashboard
    } else if let other = source.dropping(prefix: "env:"), EnvironmentName.isValid(other) {
      self = .environment(other)
    } else if let path = source.dropping(prefix: "file:"), !path.isEmpty {
      self = .file(path)
    } else if let command = source.dropping(prefix: "command:"), !command.isEmpty {
      self = .command(command)
    } else {
      return nil
    }
  }

  /// Reads the text of a `from:` key; `nil` when it is none of the documented forms.
  public init?(from: String) {
    if from == "generated" {
      self = .generated
    } else if let value = from.dropping(prefix: "static://") {
      self = .literal(value)
    } else {
      return nil
    }
  }
}

extension String {
  /// What follows `prefix`, without blanks around it; `nil` when the text does not begin with it.
  func dropping(prefix: String) -> String? {
    guard hasPrefix(prefix) else { return nil }
    return String(dropFirst(prefix.count)).trimmingBlanks()
  }

  /// The text without blanks, tabs and line ends around it.
  func trimmingBlanks() -> String {
    let blanks: Set<Character> = [" ", "\t", "\n", "\r", "\r\n"]
    var text = self[...]
    while let first = text.first, blanks.contains(first) { text.removeFirst() }
    while let last = text.last, blanks.contains(last) { text.removeLast() }
    return String(text)
  }
}
