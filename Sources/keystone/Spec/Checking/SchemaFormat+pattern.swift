extension SchemaFormat {
  /// A regular expression (ECMA-262) that comes close to the form, for editors.
  var pattern: String? {
    switch self {
    case .duration, .timeout: #"^([0-9]+(\.[0-9]+)?|([0-9]+(\.[0-9]+)?(d|h|m|s|ms))+)$"#
    case .size: #"^[0-9]+(\.[0-9]+)? *([KMGT]i?|k)?B?$"#
    case .cpu: #"^[0-9]*\.?[0-9]+m?$"#
    case .timestamp: #"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"#
    case .seed: "^[0-9]{1,20}$"
    case .mode: "^(0o)?[0-7]{3,5}$"
    case .identifier: "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
    case .serviceName: "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
    case .environmentName: "^[A-Za-z_][A-Za-z0-9_]*$"
    case .parameterName: "^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$"
    case .hostPattern: #"^(\*|(\*\.)?[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$"#
    case .hostName: #"^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$"#
    case .artifactPath: #"^(?!/)(?!(.*/)?\.\.(/|$)).+$"#
    case .secretSource: "^(env|dashboard|env:[A-Za-z_][A-Za-z0-9_]*|file:.+|command:.+)$"
    case .secretLiteral: "^(generated|static://.*)$"
    case .alertCondition:
      "^(\(AlertCondition.metrics.joined(separator: "|"))) *(<|<=|>|>=|==|!=) *-?[0-9]*\\.?[0-9]+$"
    case .alertWindow: "^last_([1-9][0-9]{0,3}_runs|[1-9][0-9]{0,3}h)$"
    case .urlPath: "^/"
    case .shownName, .workspacePath: nil
    }
  }
}
