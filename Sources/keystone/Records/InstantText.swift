internal import Glibc

/// Points in time as RFC 3339 texts in UTC.
public enum InstantText {
  /// The time now, in milliseconds since 1970-01-01T00:00:00Z.
  public static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// The text of a time in milliseconds, such as `2026-01-31T09:30:00.500Z`.
  public static func of(milliseconds: Int64) -> String { text(milliseconds, perSecond: 1000, digits: 3) }

  /// The text of a time in nanoseconds, with nine digits of the second's fraction.
  public static func of(nanoseconds: Int64) -> String { text(nanoseconds, perSecond: 1_000_000_000, digits: 9) }

  private static func text(_ count: Int64, perSecond: Int64, digits: Int) -> String {
    var seconds = time_t(count / perSecond)
    var fraction = count % perSecond
    if fraction < 0 {
      seconds -= 1
      fraction += perSecond
    }
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let date =
      "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
    let clock = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
    return "\(date)T\(clock).\(padded(fraction, digits))Z"
  }

  private static func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
