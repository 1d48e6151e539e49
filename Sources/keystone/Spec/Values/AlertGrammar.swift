/// How the conditions and windows of alerts are written, for rules that stand in no spec.
public enum AlertGrammar {
  /// The metrics that conditions know.
  public static var metrics: [String] { AlertCondition.metrics }

  /// Whether a text is a condition, such as `pass_rate < 0.8`.
  public static func isCondition(_ text: String) -> Bool { AlertCondition.isValid(text) }

  /// Whether a text is a window, such as `last_5_runs` or `last_24h`.
  public static func isWindow(_ text: String) -> Bool { AlertWindow.isValid(text) }
}
