/// Reads amounts of memory and disk as specs write them: `512Mi`, `4Gi`, `500MB`, or plain bytes.
public enum SizeText {
  /// The number of bytes that `text` means; `nil` when it means none or more than 2^60.
  public static func parse(_ text: String) -> UInt64? {
    let number = text.prefix { $0 == "." || $0.isASCII && $0.isNumber }
    let unit = text[number.endIndex...].trimmingLeadingBlanks()
    guard let count = Digits.decimal(number), let factor = factor(of: unit) else { return nil }
    if let whole = UInt64(number) {
      let (bytes, overflow) = whole.multipliedReportingOverflow(by: factor)
      return overflow || bytes > largest ? nil : bytes
    }
    let bytes = count * Double(factor)
    return bytes <= Double(largest) ? UInt64(bytes.rounded()) : nil
  }

  private static let largest: UInt64 = 1 << 60

  /// `Ki`, `Mi`, `Gi`, `Ti` count in 1024, `K`, `M`, `G`, `T` in 1000; a `B` may follow.
  private static func factor(of unit: Substring) -> UInt64? {
    switch unit {
    case "", "B": 1
    case "K", "k", "KB", "kB": 1000
    case "M", "MB": 1_000_000
    case "G", "GB": 1_000_000_000
    case "T", "TB": 1_000_000_000_000
    case "Ki", "KiB": 1 << 10
    case "Mi", "MiB": 1 << 20
    case "Gi", "GiB": 1 << 30
    case "Ti", "TiB": 1 << 40
    default: nil
    }
  }
}

extension Substring {
  fileprivate func trimmingLeadingBlanks() -> Substring { drop { $0 == " " } }
}
