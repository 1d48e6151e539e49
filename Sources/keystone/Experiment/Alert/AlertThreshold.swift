package import KeystoneKit

/// When an alert fires: a metric, an operator and a number (http-api 9.3).
package struct AlertThreshold {
  private let metric: String
  private let compare: (Double, Double) -> Bool
  private let limit: Double

  /// Reads a condition such as `pass_rate < 0.8`; `nil` when it is none.
  package init?(_ text: String) {
    let operators: [(String, (Double, Double) -> Bool)] = [
      ("<=", { $0 <= $1 }), (">=", { $0 >= $1 }), ("==", { $0 == $1 }), ("!=", { $0 != $1 }), ("<", { $0 < $1 }),
      (">", { $0 > $1 }),
    ]
    let compact = text.filter { $0 != " " }
    guard let start = compact.firstIndex(where: { "<>=!".contains($0) }),
      let (symbol, compare) = operators.first(where: { compact[start...].hasPrefix($0.0) }),
      let limit = Double(compact[start...].dropFirst(symbol.count))
    else { return nil }
    metric = String(compact[..<start])
    self.compare = compare
    self.limit = limit
  }

  /// The value in `metrics` when it meets the condition.
  package func firing(in metrics: JSONValue?) -> Double? {
    guard let value = metrics?[metric]?.double, compare(value, limit) else { return nil }
    return value
  }
}
