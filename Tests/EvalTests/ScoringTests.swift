import KeystoneKit
import Testing

/// How findings become verdicts, from outside.
@Suite(.timeLimit(.minutes(15)))
struct ScoringTests {
  @Test func aSpecWithoutAgentIsJudgedAsSetUp() async throws {
    var spec = EvalSpec(checks: ["there": Check.file("a.txt", contains: "set up")])
    spec["setup.files"] = [["path": "a.txt", "content": "set up"]]
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 0 && scenario.status == "pass" && scenario.composite == 1, "\(run.outcome)")
    #expect(scenario["exit_code"] == nil && scenario["agent_output"] == nil && scenario["error"] == nil)
  }

  @Test func weightsMakeTheCompositeAndTheThresholdDecides() async throws {
    var spec = EvalSpec(checks: [
      "best": Check.score(1, passed: true), "half": Check.score(0.5, passed: false), "none": Check.command("false"),
    ])
    spec["invariants.best.weight"] = 0.7
    spec["invariants.half.weight"] = 0.2
    spec["invariants.none.weight"] = 0.1
    let workspace = try Workspace()
    let strict = try await workspace.evaluate(spec)
    let failed = try strict.scenario()
    #expect(strict.exitCode == 1 && failed.status == "fail", "\(strict.outcome)")
    let composite = try #require(failed.composite)
    #expect(abs(composite - 0.8) < 1e-9)
    spec["scoring.pass_threshold"] = 0.8
    let lenient = try await workspace.evaluate(spec)
    let passed = try lenient.scenario()
    #expect(lenient.exitCode == 0 && passed.status == "pass", "\(lenient.outcome)")
    let half = try #require(passed.check("half"))
    #expect(half["passed"] == false && half["score"] == 0.5 && half["reason"] == "as told" && half["weight"] == 0.2)
  }

  @Test func aFailingGateForcesZero() async throws {
    var spec = EvalSpec(checks: ["gate": Check.command("exit 3"), "good": Check.command("true")])
    spec["invariants.gate.gate"] = true
    spec["invariants.gate.weight"] = 0.01
    spec["scoring.pass_threshold"] = 0.0
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 1 && scenario.status == "fail" && scenario.composite == 0, "\(run.outcome)")
    #expect(scenario.check("gate")?["gate"] == true && scenario.check("good")?["passed"] == true)
  }

  @Test func aViolatedRuleForcesZero() async throws {
    var spec = EvalSpec(agent: "touch elsewhere")
    spec["forbidden"] = ["file_writes_outside": ["src/"]]
    spec["scoring.pass_threshold"] = 0.0
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 1 && scenario.status == "fail" && scenario.composite == 0, "\(run.outcome)")
    #expect(scenario.check("done")?["passed"] == true && scenario.rule("file_writes_outside")?["violated"] == true)
  }

  @Test func aCheckThatCannotJudgeIsAnErrorAndNoScore() async throws {
    let spec = EvalSpec(checks: ["good": Check.command("true"), "silent": Check.python("print('no finding')")])
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error", "\(run.outcome)")
    #expect(scenario.check("silent")?["score"] == nil && scenario.check("silent")?["passed"] == false)
    #expect(scenario.error?.contains("silent") == true && scenario.check("good")?["passed"] == true)
  }

  @Test func aCheckOverItsTimeIsAnErrorAndTheNextOneIsStillEvaluated() async throws {
    var spec = EvalSpec(checks: ["a_slow": Check.command("sleep 100"), "b_quick": Check.command("true")])
    spec["invariants.a_slow.timeout"] = "500ms"
    let run = try await Workspace().evaluate(spec, timeout: .seconds(30))
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error", "\(run.outcome)")
    #expect(scenario.check("a_slow")?["score"] == nil && scenario.check("b_quick")?["passed"] == true)
  }

  /// Of five replicas the third fails, and with `error` the fourth cannot be judged.
  func replicas(error: Bool = false, _ aggregation: JSONValue? = nil) async throws -> Evaluation {
    var checks = ["third": Check.command("test $KEYSTONE_REPLICA != 2")]
    if error { checks["fourth"] = Check.command("sleep $((KEYSTONE_REPLICA == 3 ? 100 : 0))") }
    var spec = EvalSpec(checks: checks)
    if error { spec["invariants.fourth.timeout"] = "1s" }
    spec["parallelism.replicas"] = 5
    spec["scoring.replica_aggregation"] = aggregation
    return try await Workspace().evaluate(spec)
  }

  @Test func allMustPassIsTheDefaultStrategy() async throws {
    let run = try await replicas()
    #expect(run.exitCode == 1 && run.results["passed"] == 4 && run.results["failed"] == 1, "\(run.outcome)")
    #expect(run.scenarios.map(\.status) == ["pass", "pass", "fail", "pass", "pass"])
    #expect(run.groups.first?["verdict"] == "fail" && run.groups.first?["flaky"] == true)
  }

  @Test func failuresInAGroupWithAMajorityAreFlaky() async throws {
    let run = try await replicas(["strategy": "majority"])
    #expect(run.exitCode == 0 && run.results["flaky"] == 1 && run.results["failed"] == 0, "\(run.outcome)")
    #expect(run.scenarios.map(\.status) == ["pass", "pass", "flaky", "pass", "pass"])
    let group: JSONValue = [
      "parameters": [:], "replicas": 5, "passed": 4, "verdict": "pass", "flaky": true,
      "scenarios": ["c1-r1", "c1-r2", "c1-r3", "c1-r4", "c1-r5"],
    ]
    #expect(run.groups == [group])
  }

  @Test func errorsStayErrorsAndCountAsNotPassed() async throws {
    let enough = try await replicas(error: true, ["strategy": "percentage", "min_pass_rate": 0.6])
    #expect(enough.exitCode == 0, "\(enough.outcome)")
    #expect(enough.scenarios.map(\.status) == ["pass", "pass", "flaky", "error", "pass"])
    #expect(enough.results["errors"] == 1 && enough.results["passed"] == 3 && enough.results["flaky"] == 1)
    #expect(enough.results["metrics"]?["pass_rate"]?.double == 0.6)
    let short = try await replicas(error: true, ["strategy": "percentage", "min_pass_rate": 0.8])
    #expect(short.exitCode == 1 && short.groups.first?["verdict"] == "fail", "\(short.outcome)")
    #expect(short.scenarios.map(\.status) == ["pass", "pass", "fail", "error", "pass"])
  }
}
