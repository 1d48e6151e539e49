import KeystoneKit
import Testing

/// What `keystone eval run` prints in each format.
@Suite(.timeLimit(.minutes(15)))
struct ReportTests {
  /// One run passes, one fails with text that no format may be taken in by, one is an error.
  static let hostile: EvalSpec = {
    let nasty = "printf '<b>&\"]]>\\033[31m\\007\\000\\377 \\342\\200\\256'; exit 1"
    var spec = EvalSpec(
      agent: "test $KEYSTONE_PARAM_CASE != fail || { \(nasty); }",
      checks: [
        "<name> & \"quotes\"": Check.command("test $KEYSTONE_PARAM_CASE != fail || { \(nasty); }"),
        "judged": Check.python(
          "print(json.dumps(dict(passed=True)) if data['scenario']['parameters']['case'] != 'error' else '\\x1b[2J')"),
      ])
    spec["forbidden"] = ["file_writes_outside": ["."]]
    spec["parallelism.matrix"] = [["case": "pass"], ["case": "fail"], ["case": "error"]]
    return spec
  }()

  @Test func jsonHasEveryMemberOfTheContract() async throws {
    let run = try await Workspace().evaluate(Self.hostile)
    #expect(run.exitCode == 3, "\(run.outcome)")
    expect(
      run.results,
      [
        "ran_at": "string", "spec_id": "string", "experiment_id": "string", "seed": "integer",
        "total_scenarios": "integer", "passed": "integer", "failed": "integer", "flaky": "integer",
        "errors": "integer", "metrics": "object", "scenarios": "array", "groups": "array",
      ])
    expect(
      run.results["metrics"],
      [
        "pass_rate": "number", "mean_wall_ms": "integer", "p95_wall_ms": "integer", "mean_tool_calls": "number",
        "mean_tokens": "integer", "total_cost_usd": "number", "mean_cost_per_run_usd": "number",
        "tool_success_rate": "number", "side_effect_violations": "integer",
      ])
    for scenario in run.scenarios {
      expect(
        scenario,
        [
          "scenario_id": "string", "sandbox_id": "string", "status": "string", "parameters": "object",
          "wall_ms": "integer", "exit_code": "integer", "tool_calls": "integer", "composite_score": "number",
          "agent_output": "string", "agent_stderr": "string", "invariants": "array", "forbidden_checks": "array",
          "environment": "object",
        ])
      for check in scenario["invariants"]?.array ?? [] {
        expect(
          check,
          [
            "name": "string", "passed": "boolean", "gate": "boolean", "weight": "number", "message": "string",
            "reason": "string", "plugin": "object",
          ])
        let digest = check["plugin"]?["sha256"]?.string ?? ""
        #expect(digest.count == 64 && check["plugin"]?["name"] != nil && check["plugin"]?["version"] != nil)
      }
      expect(scenario["forbidden_checks"]?.array?.first, ["rule": "string", "violated": "boolean", "plugin": "object"])
    }
    let failed = try run.scenario("c2-r1")
    expect(
      failed["reproducer"],
      [
        "spec_file": "string", "seed": "integer", "scenario_id": "string", "parameters": "object",
        "command": "string",
      ])
    #expect(["passed", "failed", "flaky", "errors", "total_scenarios"].map { run.results[$0] } == [1, 1, 0, 1, 3])
    let time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/
    #expect(run.results["ran_at"]?.string?.wholeMatch(of: time) != nil)
    #expect(failed.agentOutput?.hasPrefix("<b>&\"]]>\u{1B}[31m\u{7}\u{0}\u{FFFD} ") == true)
  }

  func expect(
    _ value: JSONValue?, _ members: [String: String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (name, kind) in members {
      let found = value?[name]?.kind
      // A whole number may be written without a fraction where a float is wanted, but never the other way round.
      #expect(found == kind || kind == "number" && found == "integer", "\(name)", sourceLocation: sourceLocation)
    }
  }

  @Test func junitIsWellFormedWhateverTheAgentPrints() async throws {
    let workspace = try Workspace()
    try workspace.write(Self.hostile)
    let outcome = try await workspace.run(["eval", "run", "spec.yaml", "--format", "junit"])
    try workspace.write(outcome.stdout, to: "junit.xml")
    let script = """
      import xml.etree.ElementTree as tree
      suite = tree.parse('junit.xml').getroot().find('testsuite')
      print(suite.get('name'), *[suite.get(key) for key in ('tests', 'failures', 'errors')], float(suite.get('time')) > 0)
      for case in suite:
          print(case.get('classname'), case.get('name'), [(child.tag, '<name>' in child.get('message', '')) for child in case])
      """
    let read = await (try workspace.shell("python3 -c \"$0\"", script)).outcome()
    #expect(
      read.stdout == """
        test 3 1 1 True
        test c1-r1 []
        test c2-r1 [('failure', True)]
        test c3-r1 [('error', False)]

        """, "\(read)\n\(outcome)")
  }

  @Test func theTableSaysWhyAndHowToRunItAgain() async throws {
    let workspace = try Workspace()
    try workspace.write(Self.hostile)
    let outcome = try await workspace.run(["eval", "run", "spec.yaml"])
    #expect(outcome.exitCode == 3, "\(outcome)")
    for text in [
      "c1-r1", "pass", "c2-r1", "fail", "c3-r1", "error", "<name> & \"quotes\"", "exited with 1", "--only c2-r1",
      "case=fail", "1 passed, 1 failed, 0 flaky, 1 error",
    ] {
      #expect(outcome.stdout.contains(text), "\(text) is missing in:\n\(outcome.stdout)")
    }
    #expect(!outcome.stdout.utf8.contains(27), "an escape sequence reached the table")
    #expect(!outcome.stderr.utf8.contains(27), "an escape sequence reached stderr")
    #expect(outcome.stderr.contains("c2-r1") && outcome.stderr.contains("fail"), "\(outcome)")
  }

  @Test func aTerminalShowsProgressAndColours() async throws {
    let workspace = try Workspace()
    var spec = EvalSpec(agent: "sleep 0.3", checks: ["done": Check.command("test $KEYSTONE_REPLICA = 0")])
    spec["parallelism.replicas"] = 3
    try workspace.write(spec)
    let program = """
      import os, pty, sys
      output = b''
      def read(descriptor):
          global output
          data = os.read(descriptor, 4096)
          output += data
          return data
      status = pty.spawn(['keystone', 'eval', 'run', 'spec.yaml', '--concurrency', '1'], read)
      open('terminal', 'wb').write(output)
      sys.exit(os.waitstatus_to_exitcode(status))
      """
    let outcome = await (try workspace.shell("TERM=xterm exec python3 -c \"$0\" </dev/null", program)).outcome()
    let shown = workspace.read("terminal") ?? ""
    #expect(outcome.exitCode == 1, "\(outcome)")
    for text in ["test: 0 of 3 done, 1 running", "2 of 3 done", "s left", "agent", "\u{1B}[32mpass", "\u{1B}[31mfail"] {
      #expect(shown.contains(text), "\(text) is missing in \(shown)")
    }
  }

  @Test func resultsGoToTheFileThatIsNamed() async throws {
    let workspace = try Workspace()
    try workspace.write(EvalSpec())
    let arguments = ["eval", "run", "spec.yaml", "--format", "json", "--output"]
    let outcome = try await workspace.run(arguments + ["results.json"])
    #expect(outcome.exitCode == 0 && outcome.stdout.isEmpty, "\(outcome)")
    let results = try JSONValue(parsing: workspace.read("results.json") ?? "")
    #expect(results["passed"] == 1)
    let impossible = try await workspace.run(arguments + ["nowhere/results.json"])
    #expect(impossible.exitCode == 2 && impossible.stderr.contains("nowhere/results.json"), "\(impossible)")
  }

  @Test func severalSpecsAreReportedTogetherAndTheWorstVerdictCounts() async throws {
    let workspace = try Workspace()
    try workspace.write(EvalSpec(), to: "a.yaml")
    var failing = EvalSpec(checks: ["done": Check.command("false")])
    failing["id"] = "failing"
    try workspace.write(failing, to: "b.yaml")
    let outcome = try await workspace.run(["eval", "run", "a.yaml", "b.yaml", "--format", "json"])
    let runs = try JSONValue(parsing: outcome.stdout).array ?? []
    #expect(outcome.exitCode == 1 && runs.map { $0["spec_id"] } == ["test", "failing"], "\(outcome)")
    var broken = EvalSpec(checks: ["done": Check.python("")])
    broken["id"] = "broken"
    try workspace.write(broken, to: "c.yaml")
    let worst = try await workspace.run(["eval", "run", "c.yaml", "b.yaml", "a.yaml"])
    #expect(worst.exitCode == 3, "\(worst)")
    try await workspace.expectNothingLeft()
  }
}
