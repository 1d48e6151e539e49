import KeystoneKit
import Testing

/// The rules 1 to 3 by which every client of Keystone reads a judge's answer.
@Suite struct JudgeAnswerTests {
  @Test(arguments: [
    (#"{"score":7,"passed":false}"#, 1.0),
    ("8", 0.8),
    ("85", 1.0),
    ("1", 1.0),
    ("0.25", 0.25),
    ("-3", 0.0),
    ("Score: 0.75, because it works.", 0.75),
    ("I give it 7/10.", 0.7),
    ("  {\"score\": 0.5}\n", 0.5),
    ("```json\n{\"score\": 0.9, \"reason\": \"fine\"}\n```", 0.9),
    (#"{"a": {"score": 0.4}}, then {"score": 0.9}"#, 0.4),
    (#"{"score": "0.6"}"#, 0.6),
    (#"{"score": "good"}"#, 0.0),
    (#"{"score": null}"#, 0.0),
    (#"{"score": -1}"#, 0.0),
  ])
  func scoresAreReadAndClamped(_ text: String, _ score: Double) throws {
    #expect(try #require(JudgeAnswer(parsing: text)).score == score)
  }

  @Test(arguments: ["", "   \n", "I cannot judge this.", #"{"passed":true}"#, "{", "[]"])
  func anAnswerWithoutScoreOrNumberIsNone(_ text: String) {
    #expect(JudgeAnswer(parsing: text) == nil)
  }

  @Test func theReasonIsTaken() throws {
    let answer = try #require(JudgeAnswer(parsing: #"{"score": 1, "passed": true, "reason": "all there"}"#))
    #expect(answer.reason == "all there")
  }

  @Test(arguments: [
    (#"{"score":1,"passed":false}"#, nil as Double?, false),
    (#"{"score":0.1,"passed":true}"#, nil, true),
    (#"{"score":0.5}"#, nil, true),
    (#"{"score":0.49}"#, nil, false),
    (#"{"score":0.7,"passed":false}"#, 0.6, true),
    (#"{"score":0.5,"passed":true}"#, 0.6, false),
    ("6", 0.6, true),
  ])
  func aThresholdOfTheSpecDecidesAlone(_ text: String, _ threshold: Double?, _ passed: Bool) throws {
    #expect(try #require(JudgeAnswer(parsing: text)).isPassed(threshold: threshold) == passed)
  }
}
