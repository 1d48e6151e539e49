/// A span of time as specs write it: a number of seconds, or text such as `90s`, `5m`, `1h30m` or `250ms`.
public struct Seconds: Sendable, Hashable, Comparable {
  /// The longest span, about 317 years.
  public static let longest = Seconds(10_000_000_000)

  /// How many seconds, never negative.
  public let count: Double

  /// Makes a span; what is negative or no number becomes 0, and what is longer than ``longest`` becomes that.
  public init(_ count: Double) {
    self.count = count > 0 ? min(count, 1e10) : 0
  }

  /// Reads a span; `nil` when the text is none, or longer than ``longest``.
  ///
  /// - Parameter text: One or more numbers, each with a unit of `ms`, `s`, `m`, `h` or `d`; or one without a unit.
  public init?(_ text: String) {
    var rest = text[...]
    var sum = 0.0
    repeat {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(unit.count)
      guard let number = Double(digits), let size = Self.size(of: unit, isOnly: digits.count == text.count) else {
        return nil
      }
      sum += number * size
    } while !rest.isEmpty
    guard sum <= Self.longest.count else { return nil }
    count = sum
  }

  /// The span as the standard library's type.
  public var duration: Duration { .seconds(count) }

  /// Tells the shorter of two spans.
  public static func < (left: Seconds, right: Seconds) -> Bool { left.count < right.count }

  private static func size(of unit: Substring, isOnly: Bool) -> Double? {
    switch unit {
    case "ms": 0.001
    case "s": 1
    case "m": 60
    case "h": 3600
    case "d": 86400
    case "": isOnly ? 1 : nil
    default: nil
    }
  }
}

extension Seconds: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, CustomStringConvertible {
  /// Makes a span of whole seconds.
  public init(integerLiteral value: Int) { self.init(Double(value)) }

  /// Makes a span of seconds.
  public init(floatLiteral value: Double) { self.init(value) }

  /// The text that reads back as this span, such as `1h30m`.
  public var description: String {
    let total = Int64((count * 1000).rounded())
    guard Double(total) / 1000 == count else { return "\(count)s" }
    let units = [(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")] as [(Int64, String)]
    var rest = total
    var text = ""
    for (size, unit) in units where rest >= size {
      text += "\(rest / size)\(unit)"
      rest %= size
    }
    return text.isEmpty ? "0s" : text
  }
}

extension Seconds: RangedParameterValue, Encodable {
  /// A number of seconds, or a string of numbers with units.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    [
      "type": ["number", "string"], "minimum": 0,
      "pattern": #"^([0-9]+(\.[0-9]+)?|([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+)$"#,
    ]
  }

  /// One problem unless the value is such a number or such a string.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    guard bound(in: value) == nil else { return [] }
    let expected = "a number of seconds or text such as 90s, 5m, 1h30m or 250ms"
    guard value.double != nil || value.string != nil else { return [.mismatch(expected, value)] }
    return [ParameterProblem(kind: .value, message: "expected \(expected)", expected: expected)]
  }

  /// The span that the value holds.
  public static func bound(in value: JSONValue) -> Seconds? {
    switch value {
    case .integer, .number: value.double.flatMap { 0...longest.count ~= $0 ? Seconds($0) : nil }
    case .string(let text): Seconds(text)
    default: nil
    }
  }

  /// The number of seconds.
  public var parameterJSON: JSONValue { count.parameterJSON }

  /// Reads a number of seconds, or text with units.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let span = Self.bound(in: try container.decode(JSONValue.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "Expected a number of seconds or text such as 90s, 5m, 1h30m or 250ms.")
    }
    self = span
  }

  /// Writes the number of seconds.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(parameterJSON)
  }
}
