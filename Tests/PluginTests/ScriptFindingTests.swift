import KeystoneKit
import Testing

@Suite struct ScriptFindingTests {
  private func score(_ text: String) throws -> Score? { try ScriptFinding(lastIn: text)?.score() }

  @Test func theLastObjectCounts() throws {
    #expect(try score("{\"passed\": false}\nlog\n{\"passed\": true, \"reason\": \"ok\"}\n") == .pass("ok"))
  }

  @Test func anObjectMayHaveSeveralLinesAndTextAround() throws {
    let text = "start\n{\n  \"passed\": false,\n  \"score\": 0.25,\n  \"reason\": \"{half}\"\n}\n"
    #expect(try score(text) == Score(0.25, passed: false, reason: "{half}"))
    #expect(try score("{\"passed\": true}\ndone\n")?.isPassed == true)
  }

  @Test(arguments: ["", "passed", "[true]", "{}", "{\"score\": 1}", "{\"passed\": \"yes\"}", "{\"passed\": true"])
  func anythingElseIsNoFinding(_ text: String) throws {
    #expect(try score(text) == nil)
  }

  @Test(arguments: ["2", "-0.1", "\"high\""])
  func aScoreOutsideOfItsRangeIsAnError(_ number: String) {
    #expect(throws: PluginError.self) { try score("{\"passed\": true, \"score\": \(number)}") }
  }
}
