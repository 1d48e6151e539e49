/// A form that texts in specs may have to take.
enum SchemaFormat: String, CaseIterable {
  case duration
  case timeout
  case size
  case cpu
  case timestamp
  case seed
  case mode
  case identifier
  case serviceName = "service-name"
  case environmentName = "environment-name"
  case parameterName = "parameter-name"
  case shownName = "shown-name"
  case hostPattern = "host-pattern"
  case hostName = "host-name"
  case workspacePath = "workspace-path"
  case artifactPath = "artifact-path"
  case secretSource = "secret-source"
  case secretLiteral = "secret-literal"
  case alertCondition = "alert-condition"
  case alertWindow = "alert-window"
  case urlPath = "url-path"

  /// What the form is, for `expected:`.
  var expected: String {
    switch self {
    case .duration: "a duration such as `90s`, `5m`, `1h30m`, `500ms`, or seconds"
    case .timeout: "a duration above zero such as `90s`, `5m`, `1h30m`, or seconds"
    case .size: "a size such as `512Mi`, `4Gi`, `500MB`, or bytes"
    case .cpu: "CPUs such as `4`, `0.5` or `100m`"
    case .timestamp: "a time such as `2026-01-01T00:00:00Z`"
    case .seed: "an integer from 0 to 18446744073709551615"
    case .mode: "octal permission bits such as `0644`"
    case .identifier: "1 to 128 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
    case .serviceName: "1 to 63 letters, digits, `_` and `-`, beginning with a letter or digit"
    case .environmentName: "letters, digits and `_`, not beginning with a digit"
    case .parameterName: "letters, digits, `_` and `-`"
    case .shownName: "1 to 256 characters that can be shown on one line"
    case .hostPattern: "a host such as `github.com` or `*.example.com`, with `:port` if need be"
    case .hostName: "a host name such as `smtp.example.com`"
    case .workspacePath: "a path that stays in the workspace, or an absolute path of the sandbox"
    case .artifactPath: "a relative path without `..`, which lies in the run's artifact folder"
    case .secretSource: "`env`, `env:NAME`, `file:PATH`, `command:SHELL` or `dashboard`"
    case .secretLiteral: "`static://VALUE` or `generated`"
    case .alertCondition: "a metric, an operator and a number such as `pass_rate < 0.8`"
    case .alertWindow: "`last_<N>_runs` or `last_<N>h`"
    case .urlPath: "a path that begins with `/`"
    }
  }

  func accepts(_ text: String) -> Bool {
    switch self {
    case .duration: DurationText.parse(text) != nil
    case .timeout: DurationText.parse(text).map { $0 > .zero } ?? false
    case .size: SizeText.parse(text) != nil
    case .cpu: CPUText.parse(text) != nil
    case .timestamp: Timestamp(text) != nil
    case .seed: UInt64(text) != nil && !text.hasPrefix("+")
    case .mode: FileMode.parse(text) != nil
    case .identifier: Self.isName(text, longest: 128, also: "._-")
    case .serviceName: Self.isName(text, longest: 63, also: "_-")
    case .environmentName: EnvironmentName.isValid(text)
    case .parameterName: Self.isName(text, longest: 128, also: "_-", first: "_")
    case .shownName: Self.isShown(text)
    case .hostPattern: HostPattern.isValid(text, allowsGlob: true)
    case .hostName: HostPattern.isValid(text, allowsGlob: false)
    case .workspacePath: RelativePath.staysInside(text, allowsAbsolute: true)
    case .artifactPath: RelativePath.staysInside(text, allowsAbsolute: false)
    case .secretSource: SpecSecret.Origin(source: text, name: "NAME") != nil
    case .secretLiteral: SpecSecret.Origin(from: text) != nil
    case .alertCondition: AlertCondition.isValid(text)
    case .alertWindow: AlertWindow.isValid(text)
    case .urlPath: text.hasPrefix("/")
    }
  }

  /// What to write instead, when that can be guessed.
  func suggestion(for text: String) -> String? {
    switch self {
    case .hostPattern, .hostName: HostPattern.host(inURL: text).map { "did you mean `\($0)`?" }
    case .alertCondition: AlertCondition.suggestion(for: text)
    case .secretSource: Self.secretSuggestion(for: text)
    case .secretLiteral: text.hasPrefix("env") || text.hasPrefix("file:") ? "write `source: \(text)`" : nil
    default: nil
    }
  }

  private static func secretSuggestion(for text: String) -> String? {
    if text == "generated" || text.hasPrefix("static://") { return "write `from: \(Excerpt.clean(text))`" }
    return Suggestion.didYouMean(text, among: ["env", "dashboard"])
  }

  private static func isName(_ text: String, longest: Int, also: String, first: String = "") -> Bool {
    let bytes = Array(text.utf8)
    guard let start = bytes.first, bytes.count <= longest else { return false }
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      let lower = byte | 0x20
      return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") || Digits.isDigit(byte)
    }
    return (isAlphanumeric(start) || first.utf8.contains(start))
      && bytes.allSatisfy { isAlphanumeric($0) || also.utf8.contains($0) }
  }

  private static func isShown(_ text: String) -> Bool {
    !text.trimmingBlanks().isEmpty && text.unicodeScalars.count <= 256
      && text.unicodeScalars.allSatisfy(Excerpt.isShowable)
  }
}
