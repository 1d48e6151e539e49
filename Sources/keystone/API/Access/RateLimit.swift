internal import KeystoneKit

/// How many requests an owner may make in a second, with twice as many at once after a quiet time.
package final class RateLimit: Sendable {
  private struct Bucket {
    var left: Double
    var at: ContinuousClock.Instant
  }

  private let perSecond: Double
  private let buckets = Locked([String: Bucket]())

  /// A limit of so many requests per second and owner.
  package init(perSecond: Int) { self.perSecond = Double(max(1, perSecond)) }

  /// Counts a request.
  ///
  /// - Throws: ``APIError`` of code `rateLimited` with the time to wait, when it is one too many.
  func count(_ owner: String, at now: ContinuousClock.Instant = .now) throws {
    let isTooMany = buckets.withLock { buckets in
      var bucket = buckets[owner] ?? Bucket(left: 2 * perSecond, at: now)
      let elapsed = bucket.at.duration(to: now) / .seconds(1)
      bucket.left = min(2 * perSecond, bucket.left + elapsed * perSecond)
      bucket.at = now
      defer { buckets[owner] = bucket }
      guard bucket.left >= 1 else { return true }
      bucket.left -= 1
      return false
    }
    guard isTooMany else { return }
    throw APIError(
      .rateLimited, "There were more than \(Int(perSecond)) requests per second; wait a second and try again.",
      retryAfter: 1)
  }
}
