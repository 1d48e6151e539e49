/// Reads lengths of time as specs write them: `90s`, `5m`, `1h30m`, `500ms`, or plain seconds.
public enum DurationText {
  /// The longest time that a spec may ask for: ten years.
  public static let longest = Duration.seconds(315_360_000)

  /// The length of time that `text` means; `nil` when it means none, is negative or longer than ``longest``.
  public static func parse(_ text: String) -> Duration? {
    let duration = isNumber(text) ? seconds(text) : sum(of: text)
    guard let duration, duration <= longest else { return nil }
    return duration
  }

  /// The shortest text that ``parse(_:)`` reads as `duration`, down to milliseconds, such as `1h30m`.
  public static func format(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    guard milliseconds != 0 else { return "0s" }
    var rest = milliseconds
    var text = ""
    for (unit, length) in [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] as [(String, Int64)] {
      let count = rest / length
      rest %= length
      if count > 0 { text += "\(count)\(unit)" }
    }
    return text
  }

  private static func isNumber(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || Digits.isDigit($0) }
  }

  private static func seconds(_ text: String) -> Duration? {
    Digits.decimal(text[...]).flatMap(nanosecondExact)
  }

  /// Rounds to nanoseconds, so that `0.1` is exactly 100 ms.
  private static func nanosecondExact(_ seconds: Double) -> Duration? {
    seconds <= 1e9 ? .nanoseconds(Int64((seconds * 1e9).rounded())) : nil
  }

  private static func sum(of text: String) -> Duration? {
    var rest = text[...]
    var total = Duration.zero
    var smallest = Double.infinity
    while !rest.isEmpty {
      let number = rest.prefix { $0 == "." || $0.isASCII && $0.isNumber }
      rest = rest[number.endIndex...]
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest[unit.endIndex...]
      guard let count = Digits.decimal(number), let length = length(of: unit), length < smallest,
        let part = nanosecondExact(count * length)
      else { return nil }
      smallest = length
      total += part
    }
    return smallest.isFinite ? total : nil
  }

  private static func length(of unit: Substring) -> Double? {
    switch unit {
    case "ms": 0.001
    case "s": 1
    case "m": 60
    case "h": 3600
    case "d": 86_400
    default: nil
    }
  }
}
