import KeystoneKit
import Testing

@testable import KeystoneRecords

/// Rules that a text and a configuration decide (http-api 20.3).
@Suite struct HeuristicScoreTests {
  func score(_ type: String, _ config: String, _ output: String, _ parameters: String = "{}") throws -> RuleScore? {
    try HeuristicScore(type: type, config: JSONValue(parsing: config).object ?? [:])
      .score(output, parameters: JSONValue(parsing: parameters).object ?? [:])
  }

  @Test(
    arguments: [
      ("exact_match", #"{"expected":"Yes"}"#, " Yes\n", 1, true),
      ("exact_match", #"{"expected":"Yes"}"#, "yes", 0, false),
      ("exact_match", #"{"expected":"Yes","case_sensitive":false}"#, "yes", 1, true),
      ("exact_match", #"{"expected":"Yes","strip":false}"#, "Yes ", 0, false),
      ("contains", #"{"text":"abc"}"#, "xABCx", 1, true),
      ("contains", #"{"text":"abc","case_sensitive":true}"#, "xABCx", 0, false),
      ("regex", #"{"pattern":"^b\\d+$"}"#, "a\nb12\n", 1, true), ("regex", #"{"pattern":"z"}"#, "a", 0, false),
      ("levenshtein", #"{"expected":"kitten"}"#, "sitting", 1 - 3.0 / 7, false),
      ("levenshtein", #"{"expected":"kitten","threshold":0.5}"#, "sitting", 1 - 3.0 / 7, true),
      ("levenshtein", #"{"expected":""}"#, "", 1, true),
      ("numeric_diff", #"{"expected":100}"#, "about 99.5 %", 0.995, true),
      ("numeric_diff", #"{"expected":100}"#, "-100", 0, false), ("numeric_diff", #"{"expected":1}"#, "none", 0, false),
      ("numeric_diff", #"{"expected":"0.5"}"#, ".5", 1, true), ("numeric_diff", #"{"expected":2000}"#, "2e3", 1, true),
      ("json_diff", #"{"expected":{"a":1,"b":[1,2]}}"#, #"{"a":1,"b":[1]}"#, 0.75, false),
      ("json_diff", #"{"expected":{"a":null}}"#, "{}", 1, true), ("json_diff", #"{"expected":1}"#, "1.0", 1, true),
      ("json_diff", #"{"expected":{"a":1}}"#, "no", 0, false), ("json_validity", "{}", " [1] ", 1, true),
      ("json_validity", "{}", "[1", 0, false),
      ("semantic_list_contains", #"{"expected":["Alpha","beta"]}"#, "ALPHA and gamma", 0.5, false),
      ("semantic_list_contains", #"{"expected":["Alpha"],"fuzzy":true}"#, "the alphq", 1, true),
      ("semantic_list_contains", #"{"expected":["a"]}"#, " ", 0, false),
    ] as [(String, String, String, Double, Bool)])
  func scoresAsDocumented(_ type: String, _ config: String, _ output: String, _ value: Double, _ isPassed: Bool) throws
  {
    let found = try #require(try score(type, config, output))
    #expect(abs(found.value - value) < 1e-9, "\(found)")
    #expect(found.isPassed == isPassed)
  }

  @Test func takesTheExpectationFromTheParameters() throws {
    #expect(try score("exact_match", #"{"expected":null,"expected_key":"e"}"#, "x", #"{"e":"x"}"#)?.isPassed == true)
    #expect(try score("exact_match", #"{"expected_key":"e"}"#, "x") == nil)
    #expect(try score("exact_match", "{}", "x") == nil)
  }

  @Test func aPatternThatExplodesIsGivenUp() throws {
    let found = try #require(try score("regex", #"{"pattern":"(a+)+$"}"#, String(repeating: "a", count: 60) + "b"))
    #expect(!found.isPassed && found.message.contains("too much work"))
  }

  @Test func similarityIsSymmetricAndBounded() {
    for _ in 0..<300 {
      let (one, other) = (word(), word())
      let value = EditDistance.similarity(one, other)
      #expect(value == EditDistance.similarity(other, one))
      #expect((0...1).contains(value) && (value == 1) == (one == other))
    }
  }

  private func word() -> String { String((0..<Int.random(in: 0...8)).map { _ in "abä".randomElement() ?? "a" }) }

  @Test(arguments: [
    #"{"type":"contains"}"#, #"{"name":"n","type":"magic"}"#, #"{"name":"n","type":"contains","config":{}}"#,
    #"{"name":"n","type":"regex","config":{"pattern":"("}}"#, "[]",
  ])
  func refusesRulesThatCannotWork(_ body: String) throws {
    let value = try JSONValue(parsing: body)
    #expect(throws: InvalidRecord.self) { try ScoreRule(value) }
  }
}
