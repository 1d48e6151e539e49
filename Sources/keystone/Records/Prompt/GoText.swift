import KeystoneKit

/// JSON values as Go's `%v` writes them, which is what the published renderer inserts.
enum GoText {
  static func of(_ value: JSONValue) -> String {
    switch value {
    case .null: "<nil>"
    case .bool(let truth): truth ? "true" : "false"
    case .integer(let integer): number(Double(integer))
    case .number(let value): number(value)
    case .string(let text): text
    case .array(let elements): "[" + elements.map(of).joined(separator: " ") + "]"
    case .object(let members):
      "map["
        + members.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
        .map { "\($0.key):\(of($0.value))" }.joined(separator: " ") + "]"
    }
  }

  /// The fewest digits that read back as the same number, with an exponent below 10⁻⁴ and from 10⁶ on.
  private static func number(_ value: Double) -> String {
    if value == 0 { return value.sign == .minus ? "-0" : "0" }
    let (digits, exponent) = decimal(value.magnitude)
    let sign = value < 0 ? "-" : ""
    guard exponent < -4 || exponent >= 6 else { return sign + plain(digits, exponent) }
    let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
    let size = String(exponent.magnitude)
    return "\(sign)\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(size.count < 2 ? "0" + size : size)"
  }

  /// The significant digits of a positive number, and the power of ten of the first.
  private static func decimal(_ value: Double) -> (digits: String, exponent: Int) {
    let parts = value.description.split(separator: "e")
    let halves = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = halves[0] == "0" ? "" : String(halves[0])
    let all = whole + (halves.count > 1 ? halves[1] : "")
    let zeros = all.prefix { $0 == "0" }.count
    var digits = String(all.dropFirst(zeros))
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    return (digits, whole.count - 1 - zeros + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0))
  }

  private static func plain(_ digits: String, _ exponent: Int) -> String {
    if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
    if digits.count <= exponent + 1 { return digits + String(repeating: "0", count: exponent + 1 - digits.count) }
    return digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
  }
}
