import KeystoneKit

/// What a script printed: the last JSON object on its stdout.
struct ScriptFinding {
  private let passed: Bool
  private let value: JSONValue

  /// The last JSON object with a member `passed` that begins at the start of a line of `text`; `nil` when there is none.
  init?(lastIn text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for start in lines.indices.suffix(1_000).reversed() where lines[start].drop(while: \.isWhitespace).hasPrefix("{") {
      let candidates = [String(lines[start]), lines[start...].joined(separator: "\n")]
      for candidate in candidates {
        guard let value = try? JSONValue(parsing: candidate), let passed = value["passed"]?.bool else { continue }
        self.passed = passed
        self.value = value
        return
      }
    }
    return nil
  }

  /// The finding as a score; without a member `score` it is 1 or 0.
  func score() throws(PluginError) -> Score {
    let reason = value["reason"]?.string ?? (passed ? "the script passed it" : "the script gave no reason")
    guard let given = value["score"], given != .null else {
      return Score(passed ? 1 : 0, passed: passed, reason: reason)
    }
    guard let number = given.double, (0...1).contains(number) else {
      throw PluginError(.invalid, "the script printed the score \(given.text); print a number from 0 to 1")
    }
    return Score(number, passed: passed, reason: reason)
  }
}
