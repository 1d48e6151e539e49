import Glibc

/// Whether a difference between two samples may be chance: two-sided p-values.
enum SignificanceTest {
  /// Fisher's exact test on passed and not passed of two experiments.
  static func fisher(passed first: Int, of firstTotal: Int, passed second: Int, of secondTotal: Int) -> Double {
    let passed = first + second
    let total = firstTotal + secondTotal
    guard firstTotal > 0, secondTotal > 0 else { return 1 }
    func logProbability(_ count: Int) -> Double {
      logChoose(firstTotal, count) + logChoose(secondTotal, passed - count) - logChoose(total, passed)
    }
    let observed = logProbability(first)
    let range = max(0, passed - secondTotal)...min(firstTotal, passed)
    // As extreme means as improbable; the margin is for rounding.
    let sum = range.reduce(0.0) { sum, count in
      let value = logProbability(count)
      return value <= observed + 1e-7 ? sum + exp(value) : sum
    }
    return min(1, sum)
  }

  /// The Mann-Whitney test with the normal approximation, corrected for ties and continuity.
  static func mannWhitney(_ first: [Double], _ second: [Double]) -> Double {
    guard !first.isEmpty, !second.isEmpty else { return 1 }
    let (m, n) = (Double(first.count), Double(second.count))
    let all = (first.map { ($0, true) } + second.map { ($0, false) }).sorted { $0.0 < $1.0 }
    var rankSum = 0.0
    var ties = 0.0
    var start = 0
    while start < all.count {
      var end = start
      while end < all.count, all[end].0 == all[start].0 { end += 1 }
      let rank = Double(start + 1 + end) / 2
      rankSum += rank * Double(all[start..<end].count { $0.1 })
      let count = Double(end - start)
      ties += count * count * count - count
      start = end
    }
    let total = m + n
    let variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
    guard total > 1, variance > 0 else { return 1 }
    let distance = max(0, abs(rankSum - m * (m + 1) / 2 - m * n / 2) - 0.5)
    return min(1, erfc(distance / variance.squareRoot() / 2.0.squareRoot()))
  }

  private static func logChoose(_ n: Int, _ k: Int) -> Double {
    lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
  }
}
