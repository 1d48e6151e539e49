import KeystoneKit
import KeystoneTestKit
import Testing

/// Each built-in invariant against the suite that every invariant must pass.
@Suite struct InvariantTests {
  @Test func commandExit() async throws {
    try await InvariantConformance.report(
      Builtin.load("command_exit"),
      examples: [
        InvariantExample(.passes, ["command": "grep -q one a.txt"], files: ["a.txt": "one\n"]),
        InvariantExample(.fails, ["command": "grep -q two a.txt"], files: ["a.txt": "one\n"]),
        InvariantExample(.fails, ["command": "kill -9 $$"]),
      ]
    ).check()
  }

  @Test func fileExists() async throws {
    try await InvariantConformance.report(
      Builtin.load("file_exists"),
      examples: [
        InvariantExample(.passes, ["path": "d/a.txt"], files: ["d/a.txt": ""]),
        InvariantExample(.passes, ["path": "d"], files: ["d/a.txt": ""]),
        InvariantExample(.fails, ["path": "b.txt"], files: ["a.txt": ""]),
      ]
    ).check()
  }

  @Test func fileAbsent() async throws {
    try await InvariantConformance.report(
      Builtin.load("file_absent"),
      examples: [
        InvariantExample(.fails, ["path": "a.txt"], files: ["a.txt": ""]),
        InvariantExample(.passes, ["path": "b.txt"], files: ["a.txt": ""]),
      ]
    ).check()
  }

  @Test func fileContent() async throws {
    try await InvariantConformance.report(
      Builtin.load("file_content"),
      examples: [
        InvariantExample(.passes, ["path": "a.txt", "contains": "two"], files: ["a.txt": "one\ntwo\n"]),
        InvariantExample(.fails, ["path": "a.txt", "contains": "three"], files: ["a.txt": "one\ntwo\n"]),
        InvariantExample(.fails, ["path": "none.txt", "contains": "x"]),
      ]
    ).check()
  }

  @Test func custom() async throws {
    let code = "import json, os; print(json.dumps({'passed': os.path.exists('a.txt'), 'score': 1, 'reason': 'looked'}))"
    try await InvariantConformance.report(
      Builtin.load("custom"),
      examples: [
        InvariantExample(.passes, ["code": .string(code)], files: ["a.txt": ""]),
        InvariantExample(.cannotJudge(.invalid), ["code": "raise SystemExit(3)"]),
      ]
    ).check()
  }

  @Test func llmAsJudge() async throws {
    let settings: [String: JSONValue] = [
      "judge-url": "https://judge.example.com/v1", "judge-provider": "openai", "judge-api-key": "key",
      "judge-model-fast": "m",
    ]
    func answers(_ text: String) -> [HTTPResponse] {
      let body: JSONValue = ["choices": [["message": ["role": "assistant", "content": .string(text)]]]]
      return [HTTPResponse(status: 200, headers: [], body: body.text)]
    }
    let agent = AgentOutcome(exitCode: 0, output: "done")
    try await InvariantConformance.report(
      Builtin.load("llm_as_judge", settings: settings),
      examples: [
        InvariantExample(
          .scores(1), ["criteria": "is done"], agent: agent, responses: answers(#"{"score": 1, "reason": "it is"}"#)),
        InvariantExample(
          .fails, ["criteria": "is done"], agent: agent, responses: answers(#"{"score": 0.2, "reason": "no"}"#)),
      ]
    ).check()
  }
}
