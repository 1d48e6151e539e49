import KeystoneKit

/// What a judge answered, read from its text by the rules that Keystone's clients share.
struct JudgeAnswer: Equatable {
  /// From 0 to 1.
  var score: Double
  /// What the judge itself says; `nil` when it does not.
  var passed: Bool?
  /// Why.
  var reason: String

  /// Reads an answer; `nil` when it is empty or has neither an object with `score` nor a number.
  init?(parsing text: String) {
    let value = (try? JSONValue(parsing: text)) ?? Self.firstFragment(of: text)
    if let value, let score = value["score"] {
      self.score = Self.clamped(Self.number(score) ?? 0)
      passed = value["passed"]?.bool
      reason = value["reason"]?.string ?? "the judge gave no reason"
    } else if let number = Self.firstNumber(in: text) {
      score = Self.clamped(number > 1 ? number / 10 : number)
      passed = nil
      reason = "the judge gave no JSON object; its score is the first number of its answer"
    } else {
      return nil
    }
  }

  /// Whether the check passes.
  ///
  /// A threshold in the spec decides alone. Without one the judge's own `passed` does, even against its score,
  /// and where it says nothing 0.5 is enough.
  func isPassed(threshold: Double?) -> Bool {
    if let threshold { return score >= threshold }
    return passed ?? (score >= 0.5)
  }

  /// The first part in braces that has no braces inside, when it is JSON.
  private static func firstFragment(of text: String) -> JSONValue? {
    let bytes = Array(text.utf8)
    var start: Int?
    for (index, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "{") {
        start = index
      } else if byte == UInt8(ascii: "}"), let start {
        return try? JSONValue(parsing: bytes[start...index])
      }
    }
    return nil
  }

  private static func number(_ value: JSONValue) -> Double? {
    if let number = value.double { return number }
    return value.string.flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
  }

  /// The first decimal number, with a sign directly before it.
  private static func firstNumber(in text: String) -> Double? {
    let bytes = Array(text.utf8)
    func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
    guard let start = bytes.indices.first(where: isDigit) else { return nil }
    var end = start
    while isDigit(end) { end += 1 }
    if end < bytes.count, bytes[end] == UInt8(ascii: "."), isDigit(end + 1) {
      end += 1
      while isDigit(end) { end += 1 }
    }
    let isNegative = start > 0 && bytes[start - 1] == UInt8(ascii: "-")
    return Double(String(decoding: bytes[start..<end], as: UTF8.self)).map { isNegative ? -$0 : $0 }
  }

  private static func clamped(_ number: Double) -> Double { min(max(number, 0), 1) }
}
