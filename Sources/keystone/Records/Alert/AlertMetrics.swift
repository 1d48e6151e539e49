public import KeystoneKit

/// The metrics of several runs as those of one.
///
/// A window's value of a metric is the mean over its runs: with `last_5_runs`, `pass_rate < 0.8` fires when the mean of
/// the five pass rates is below 0.8.
public enum AlertMetrics {
  /// The means of all metrics that are numbers; a run without a metric does not count for it.
  public static func mean(of runs: [JSONValue]) -> JSONValue {
    var sums: [String: (sum: Double, count: Int)] = [:]
    for run in runs {
      for (name, value) in run.object ?? [:] {
        guard let number = value.double else { continue }
        let known = sums[name] ?? (0, 0)
        sums[name] = (known.sum + number, known.count + 1)
      }
    }
    return .object(sums.mapValues { .number($0.sum / Double($0.count)) })
  }
}
