import KeystoneKit
import Testing

@testable import KeystoneExperiment

/// One scenario of RunResults, and the line that runs it again.
@Suite struct ScenarioResultTests {
  let scenario = PlannedScenario(
    id: "c2-r3", ordinal: 5, cell: 1, replica: 2, parameters: ["model": "x"], seed: 99)

  func result(_ verdict: ScenarioVerdict) -> ScenarioResult {
    ScenarioResult(scenario: scenario, verdict: verdict, wallMilliseconds: 12)
  }

  func reproducer(_ file: String, replicas: Int? = nil, flags: [String] = []) -> Reproducer {
    Reproducer(specFile: file, experimentSeed: 7, replicas: replicas, flags: flags)
  }

  @Test func aPassingRunNeedsNoReproducer() {
    let passed = ScenarioVerdict(invariants: [], rules: [], threshold: 0)
    #expect(passed.status == .pass)
    #expect(result(passed).json(reproducer: reproducer("a.yaml"))["reproducer"] == nil)
  }

  @Test func whatDidNotPassSaysHowToRunExactlyItAgain() {
    let json = result(.error).json(reproducer: reproducer("a.yaml"))["reproducer"]
    let expected: JSONValue = [
      "spec_file": "a.yaml", "seed": 99, "scenario_id": "c2-r3", "parameters": ["model": "x"],
      "command": "keystone eval run a.yaml --only c2-r3 --seed 7",
    ]
    #expect(json == expected)
  }

  @Test func theCommandKeepsReplicasAndFlags() {
    let command = reproducer("a.yaml", replicas: 5, flags: ["--runtime", "my runtime"]).json(for: scenario)["command"]
    #expect(
      command == "keystone eval run a.yaml --only c2-r3 --seed 7 --replicas 5 --runtime 'my runtime'")
  }

  @Test(arguments: [
    ("it's mine.yaml", "'it'\\''s mine.yaml'"), ("$HOME/*.yaml", "'$HOME/*.yaml'"), ("ä.yaml", "'ä.yaml'"),
    ("", "''"), ("a;b", "'a;b'"), ("/x/y-z_1.yaml", "/x/y-z_1.yaml"),
  ])
  func theFileIsQuotedForTheShell(_ file: String, _ quoted: String) {
    let command = reproducer(file).json(for: scenario)["command"]?.string
    #expect(command == "keystone eval run \(quoted) --only c2-r3 --seed 7")
  }

  @Test func findingsCarryEveryMemberOfTheContract() throws {
    var result = result(.error)
    let judge = Provenance(plugin: "p", version: "1", digest: "abc")
    result.invariants = [
      InvariantResult(
        name: "a", isPassed: false, isGate: true, weight: 2, score: 0.5, reason: "half", judge: judge),
      InvariantResult(name: "b", isPassed: false, isGate: false, weight: 1, score: nil, reason: "down", judge: nil),
    ]
    result.rules = [
      RuleResult(rule: "r", isViolated: true, details: "did it", wasEvaluated: true, judge: judge),
      RuleResult(rule: "s", isViolated: false, details: "", wasEvaluated: true, judge: nil),
    ]
    let json = result.json(reproducer: reproducer("a.yaml"))
    let plugin: JSONValue = ["name": "p", "version": "1", "sha256": "abc"]
    let checks: JSONValue = [
      [
        "name": "a", "passed": false, "gate": true, "weight": 2.0, "score": 0.5, "message": "half", "reason": "half",
        "plugin": plugin,
      ],
      ["name": "b", "passed": false, "gate": false, "weight": 1.0, "message": "down", "reason": "down"],
    ]
    #expect(json["invariants"] == checks)
    let rules: JSONValue = [
      ["rule": "r", "violated": true, "details": "did it", "plugin": plugin], ["rule": "s", "violated": false],
    ]
    #expect(json["forbidden_checks"] == rules)
    #expect(json["sandbox_id"] == nil && json["exit_code"] == nil && json["composite_score"] == .number(0))
  }

  @Test func costsFollowTheTableWithTheLongestMatch() {
    func dollars(_ model: String, _ cached: Int = 0) -> Double {
      Pricing.dollars(Usage(model: model, inputTokens: 1_000, outputTokens: 500, cachedTokens: cached))
    }
    #expect(dollars("claude-sonnet-4-6") == 0.0105 && dollars("claude-sonnet-4-6", 100) == 0.01023)
    #expect(dollars("openai/GPT-4o-mini-2024") == 0.00045)
    #expect(dollars("nobody-knows") == 0)
    let cost = Pricing.cost(of: [
      Usage(model: "o1", inputTokens: 1, outputTokens: 2, cachedTokens: 0),
      Usage(model: "gpt-5", inputTokens: 3, outputTokens: 4, cachedTokens: 0),
    ])
    #expect(cost["input_tokens"] == .integer(4) && cost["output_tokens"] == .integer(6))
    #expect(cost["model"] == "gpt-5, o1")
  }
}
