/// The rule for the conditions of alerts: a metric, an operator and a number.
enum AlertCondition {
  static let metrics = [
    "pass_rate", "mean_wall_ms", "p95_wall_ms", "total_cost_usd", "mean_cost_per_run_usd", "tool_success_rate",
    "side_effect_violations", "mean_tool_calls",
  ]

  static func isValid(_ text: String) -> Bool {
    let (metric, rest) = split(text)
    guard metrics.contains(metric) else { return false }
    let symbol = rest.prefix { "<>=!".contains($0) }
    guard ["<", "<=", ">", ">=", "==", "!="].contains(symbol) else { return false }
    let number = String(rest[symbol.endIndex...]).trimmingBlanks()
    let digits = number.hasPrefix("-") ? number.dropFirst() : number[...]
    return Digits.decimal(digits) != nil
  }

  static func suggestion(for text: String) -> String? {
    let (metric, _) = split(text)
    guard !metrics.contains(metric) else { return nil }
    return Suggestion.didYouMean(metric, among: metrics) ?? "the metrics are \(metrics.joined(separator: ", "))"
  }

  private static func split(_ text: String) -> (metric: String, rest: Substring) {
    let metric = text.prefix { $0 != " " && !"<>=!".contains($0) }
    return (String(metric), text[metric.endIndex...].drop { $0 == " " })
  }
}

/// The rule for the windows of alerts.
enum AlertWindow {
  static func isValid(_ text: String) -> Bool {
    guard text.hasPrefix("last_") else { return false }
    let rest = text.dropFirst(5)
    let count = rest.hasSuffix("_runs") ? rest.dropLast(5) : rest.hasSuffix("h") ? rest.dropLast() : ""
    return (1...4).contains(count.utf8.count) && count.utf8.allSatisfy(Digits.isDigit) && Int(count) != 0
  }
}
