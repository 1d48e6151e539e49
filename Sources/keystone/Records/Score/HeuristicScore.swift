public import KeystoneKit

/// What a score rule found in one run.
public struct RuleScore: Sendable, Hashable {
  /// From 0 to 1.
  public var value: Double
  /// Whether it passed.
  public var isPassed: Bool
  /// Why.
  public var message: String

  /// A score.
  public init(_ value: Double, passed: Bool, _ message: String) {
    self.value = value
    isPassed = passed
    self.message = message
  }

  static func flag(_ isPassed: Bool, _ message: String) -> RuleScore {
    RuleScore(isPassed ? 1 : 0, passed: isPassed, message)
  }
}

/// Rules that a text and a configuration decide, without asking anybody (http-api 20.3).
///
/// Where the published clients differ the Go client's arithmetic holds: `levenshtein` is 1 − distance / longer length.
public struct HeuristicScore: Sendable {
  /// The types this can score.
  public static let types: Set<String> = [
    "exact_match", "contains", "regex", "levenshtein", "numeric_diff", "json_diff", "json_validity",
    "semantic_list_contains",
  ]

  private let type: String
  private let config: [String: JSONValue]

  /// A rule of one of ``types``.
  public init(type: String, config: [String: JSONValue]) {
    self.type = type
    self.config = config
  }

  /// What is wrong with the rule; `nil` when nothing is.
  public var problem: String? {
    switch type {
    case "contains" where text("text") == nil: return "`config.text` is missing: the text to look for"
    case "regex":
      guard let pattern = text("pattern") else { return "`config.pattern` is missing: the regular expression" }
      do throws(InvalidRecord) {
        _ = try RulePattern(pattern)
        return nil
      } catch {
        return error.message
      }
    default: return nil
    }
  }

  /// The score of an output, or `nil` when the rule has nothing to compare it with.
  public func score(_ output: String, parameters: [String: JSONValue]) -> RuleScore? {
    switch type {
    case "contains": contains(output)
    case "regex": matches(output)
    case "json_validity": .flag((try? JSONValue(parsing: trimmed(output))) != nil, "the output is JSON or is not")
    default: expected(parameters).flatMap { compare(output, with: $0) }
    }
  }

  private func compare(_ output: String, with expected: JSONValue) -> RuleScore? {
    switch type {
    case "exact_match": exactMatch(output, plain(expected))
    case "levenshtein": levenshtein(output, plain(expected))
    case "numeric_diff": numericDifference(output, expected)
    case "json_diff": jsonDifference(output, expected)
    case "semantic_list_contains": list(output, expected)
    default: nil
    }
  }

  private func expected(_ parameters: [String: JSONValue]) -> JSONValue? {
    if let value = config["expected"], value != .null { return value }
    guard let key = text("expected_key"), let value = parameters[key], value != .null else { return nil }
    return value
  }

  private func text(_ name: String) -> String? { config[name]?.string }
  private func flag(_ name: String, _ usual: Bool) -> Bool { config[name]?.bool ?? usual }
  private func number(_ name: String, _ usual: Double) -> Double { config[name]?.double ?? usual }
  private func plain(_ value: JSONValue) -> String { value.string ?? value.text }
}

// MARK: - Texts

extension HeuristicScore {
  private func trimmed(_ text: String) -> String {
    let start = text.drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }

  private func exactMatch(_ output: String, _ expected: String) -> RuleScore {
    var (one, other) = (output, expected)
    if flag("strip", true) { (one, other) = (trimmed(one), trimmed(other)) }
    if !flag("case_sensitive", true) { (one, other) = (one.lowercased(), other.lowercased()) }
    return .flag(one == other, one == other ? "equal" : "not equal")
  }

  private func contains(_ output: String) -> RuleScore? {
    guard let text = text("text") else { return nil }
    let isFound =
      flag("case_sensitive", false) ? output.contains(text) : output.lowercased().contains(text.lowercased())
    return .flag(isFound || text.isEmpty, isFound ? "found" : "not found")
  }

  private func matches(_ output: String) -> RuleScore? {
    guard let pattern = text("pattern") else { return nil }
    do throws(InvalidRecord) {
      let isMatch = try RulePattern(pattern).matches(output)
      return .flag(isMatch, isMatch ? "matches" : "does not match")
    } catch {
      return .flag(false, error.message)
    }
  }

  private func levenshtein(_ output: String, _ expected: String) -> RuleScore {
    let similarity = EditDistance.similarity(output, expected)
    let threshold = number("threshold", 0.8)
    return RuleScore(similarity, passed: similarity >= threshold, "similarity \(Self.shown(similarity))")
  }

  private func list(_ output: String, _ expected: JSONValue) -> RuleScore? {
    let items = (expected.array ?? [expected]).map(plain)
    guard !items.isEmpty else { return nil }
    guard !trimmed(output).isEmpty else { return .flag(false, "the output is empty") }
    let text = output.lowercased()
    let found = items.count { item in
      text.contains(item.lowercased())
        || flag("fuzzy", false)
          && EditDistance.closest(item.lowercased(), in: text) >= number("fuzzy_threshold", 0.75)
    }
    let share = Double(found) / Double(items.count)
    return RuleScore(share, passed: share >= number("threshold", 1), "\(found) of \(items.count) found")
  }

  static func shown(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }
}

// MARK: - Numbers and JSON

extension HeuristicScore {
  private func numericDifference(_ output: String, _ expected: JSONValue) -> RuleScore? {
    guard let wanted = expected.double ?? expected.string.flatMap(Self.firstNumber) else { return nil }
    guard let found = Self.firstNumber(output) else { return .flag(false, "the output holds no number") }
    let relative = (found - wanted).magnitude / max(wanted.magnitude, 1e-9)
    return RuleScore(
      max(0, 1 - relative), passed: relative <= number("tolerance", 0.01),
      "\(found) differs from \(wanted) by \(Self.shown(relative)) of it")
  }

  /// The first decimal number in a text.
  static func firstNumber(_ text: String) -> Double? {
    let bytes = Array(text.utf8)
    func digits(_ start: Int) -> Int {
      var end = start
      while end < bytes.count, bytes[end] &- 48 < 10 { end += 1 }
      return end
    }
    guard var start = bytes.firstIndex(where: { $0 &- 48 < 10 }) else { return nil }
    var end = digits(start)
    if start > 0, bytes[start - 1] == UInt8(ascii: ".") {
      start -= 1
    } else if end < bytes.count,
      bytes[end] == UInt8(ascii: "."), digits(end + 1) > end + 1
    {
      end = digits(end + 1)
    }
    if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
      let sign = end + 1 < bytes.count && [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[end + 1]) ? 1 : 0
      if digits(end + 1 + sign) > end + 1 + sign { end = digits(end + 1 + sign) }
    }
    let isNegative = start > 0 && bytes[start - 1] == UInt8(ascii: "-")
    let magnitude = Double("0" + String(decoding: bytes[start..<end], as: UTF8.self))
    return magnitude.map { isNegative ? -$0 : $0 }
  }

  private func jsonDifference(_ output: String, _ expected: JSONValue) -> RuleScore {
    guard let found = try? JSONValue(parsing: trimmed(output)) else {
      return .flag(false, "the output is not JSON")
    }
    let wanted = expected.string.flatMap { try? JSONValue(parsing: $0) } ?? expected
    let similarity = Self.similarity(found, wanted)
    return RuleScore(
      similarity, passed: similarity >= number("threshold", 1), "structural similarity \(Self.shown(similarity))")
  }

  static func similarity(_ one: JSONValue, _ other: JSONValue) -> Double {
    switch (one, other) {
    case (.object(let one), .object(let other)):
      let keys = Set(one.keys).union(other.keys)
      guard !keys.isEmpty else { return 1 }
      return keys.reduce(0) { $0 + similarity(one[$1] ?? .null, other[$1] ?? .null) } / Double(keys.count)
    case (.array(let one), .array(let other)):
      guard !one.isEmpty || !other.isEmpty else { return 1 }
      return zip(one, other).reduce(0) { $0 + similarity($1.0, $1.1) } / Double(max(one.count, other.count))
    default:
      if let one = one.double, let other = other.double { return one == other ? 1 : 0 }
      return one == other ? 1 : 0
    }
  }
}
