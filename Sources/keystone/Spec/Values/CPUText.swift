/// Reads shares of CPU time as specs write them: `4`, `0.5` or `100m`.
public enum CPUText {
  /// The thousandths of a CPU that `text` means; `nil` when it means none, less than one or more than 1024 CPUs.
  public static func parse(_ text: String) -> Int? {
    let isMilli = text.hasSuffix("m")
    guard let count = Digits.decimal(isMilli ? text.dropLast() : text[...]) else { return nil }
    let milli = isMilli ? count : count * 1000
    guard milli >= 1, milli <= 1_024_000 else { return nil }
    return Int(milli.rounded())
  }
}
