import KeystoneKit

/// What many repetitions of one thing took.
struct Sample {
  private let sorted: [Duration]

  /// Repeats `body` until it has been timed `count` times, after a tenth as many repetitions that do not count.
  static func of(_ count: Int, _ body: () async throws -> Void) async throws -> Sample {
    for _ in 0..<count / 10 { try await body() }
    var durations: [Duration] = []
    durations.reserveCapacity(count)
    let clock = ContinuousClock()
    for _ in 0..<count {
      let start = clock.now
      try await body()
      durations.append(start.duration(to: clock.now))
    }
    return Sample(sorted: durations.sorted())
  }

  /// Median, 99th percentile and mean in microseconds.
  var json: JSONValue {
    ["calls": .integer(Int64(sorted.count)), "p50_us": at(0.5), "p99_us": at(0.99), "mean_us": mean]
  }

  /// The median in nanoseconds for each of so many kibibytes.
  func nanoseconds(per kibibytes: Double) -> JSONValue {
    .number((sorted[sorted.count / 2] / .nanoseconds(1) / kibibytes).rounded())
  }

  private func at(_ share: Double) -> JSONValue {
    let index = min(sorted.count - 1, Int(Double(sorted.count) * share))
    return .number((sorted[index] / .microseconds(1)).rounded(toPlaces: 2))
  }

  private var mean: JSONValue {
    .number((sorted.reduce(.zero, +) / .microseconds(1) / Double(sorted.count)).rounded(toPlaces: 2))
  }
}

extension Double {
  /// The nearest number with so many decimal places.
  func rounded(toPlaces places: Int) -> Double {
    let factor = (0..<places).reduce(1.0) { product, _ in product * 10 }
    return (self * factor).rounded() / factor
  }
}
