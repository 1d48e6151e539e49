/// A point in time, read from an RFC 3339 text such as `2026-01-01T00:00:00Z`.
public struct Timestamp: Sendable, Hashable {
  /// The text as the document has it.
  public var text: String
  /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
  public var seconds: Int64
  /// The part of the second beyond ``seconds``, in nanoseconds.
  public var nanoseconds: Int32

  /// Reads a date and a time with an offset; `nil` when the text is none or names a day that does not exist.
  public init?(_ text: String) {
    var reader = TimestampReader(text)
    guard let date = reader.date(), reader.separator(), let time = reader.time(), let offset = reader.offset(),
      reader.isAtEnd
    else { return nil }
    self.text = text
    self.seconds = Self.days(year: date.year, month: date.month, day: date.day) * 86_400 + time.seconds - offset
    self.nanoseconds = time.nanoseconds
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// Takes an RFC 3339 text apart from left to right.
private struct TimestampReader {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func date() -> (year: Int64, month: Int64, day: Int64)? {
    guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2),
      (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, year: year)
    else { return nil }
    return (year, month, day)
  }

  mutating func separator() -> Bool { skip("T") || skip("t") || skip(" ") }

  mutating func time() -> (seconds: Int64, nanoseconds: Int32)? {
    guard let hour = digits(2), skip(":"), let minute = digits(2), skip(":"), let second = digits(2),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var nanoseconds: Int32 = 0
    if skip(".") {
      guard let fraction = fraction() else { return nil }
      nanoseconds = fraction
    }
    return (hour * 3600 + minute * 60 + second, nanoseconds)
  }

  mutating func offset() -> Int64? {
    if skip("Z") || skip("z") { return 0 }
    let sign: Int64
    if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
    guard let hour = digits(2), skip(":"), let minute = digits(2), hour < 24, minute < 60 else { return nil }
    return sign * (hour * 3600 + minute * 60)
  }

  private mutating func fraction() -> Int32? {
    let found = rest.prefix(while: Digits.isDigit)
    guard !found.isEmpty else { return nil }
    rest = rest[found.endIndex...]
    let nine = Array(found.prefix(9)) + Array(repeating: UInt8(ascii: "0"), count: max(0, 9 - found.count))
    return nine.reduce(0) { $0 * 10 + Int32($1 - UInt8(ascii: "0")) }
  }

  private mutating func digits(_ count: Int) -> Int64? {
    let found = rest.prefix(count)
    guard found.count == count, found.allSatisfy(Digits.isDigit) else { return nil }
    rest = rest.dropFirst(count)
    return found.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
  }

  private static func length(ofMonth month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
