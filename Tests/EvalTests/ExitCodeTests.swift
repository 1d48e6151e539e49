import KeystoneKit
import Testing

/// The exit codes and the documented texts behind them.
@Suite(.timeLimit(.minutes(15)))
struct ExitCodeTests {
  @Test(arguments: [
    ["eval", "run"], ["eval", "run", "spec.yaml", "--format", "xml"], ["eval", "run", "spec.yaml", "--replicas", "0"],
    ["eval", "run", "spec.yaml", "--replicas", "many"], ["eval", "run", "spec.yaml", "--concurrency", "0"],
    ["eval", "run", "spec.yaml", "--no-such-flag"], ["eval", "run", "spec.yaml", "-no-such-flag", "value"],
    ["eval", "run", "spec.yaml", "--seed"], ["eval", "run", "spec.yaml", "--runtime", "none-such"],
    ["eval", "run", "missing.yaml"], ["eval", "run", "."], ["eval", "run", "spec.yaml", "broken.yaml"],
    ["eval", "walk"], ["no-such-command"],
  ])
  func aWrongCommandLineExitsWithTwoAndRunsNothing(_ arguments: [String]) async throws {
    let workspace = try Workspace()
    try workspace.write(EvalSpec(agent: "echo it ran"))
    try workspace.write("version: 1\nid: broken\n", to: "broken.yaml")
    let outcome = try await workspace.run(arguments)
    #expect(outcome.exitCode == 2 && !outcome.stderr.isEmpty && outcome.stdout.isEmpty, "\(outcome)")
    #expect(FileBytes.names(in: "\(workspace.data)/runs").isEmpty)
  }

  @Test func aWrongSpecIsDiagnosedWithItsPlace() async throws {
    let workspace = try Workspace()
    try workspace.write(
      """
      version: 1
      id: wrong
      base: "debian:12"
      task: {prompt: Do it.}
      invariants:
        done:
          check: {type: file_exsits, path: a}

      """, to: "wrong.yaml")
    let outcome = try await workspace.run(["eval", "run", "wrong.yaml"])
    #expect(outcome.exitCode == 2, "\(outcome)")
    #expect(outcome.stderr.contains("wrong.yaml:7:19") && outcome.stderr.contains("file_exists"), "\(outcome)")
  }

  @Test func aSecretWithoutValueIsNamed() async throws {
    var spec = EvalSpec(agent: "echo it ran")
    spec["secrets"] = ["API_KEY", ["name": "OTHER", "source": "command:exit 1"]]
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error", "\(run.outcome)")
    #expect(scenario.error == "resolving secrets: API_KEY, OTHER not set" && scenario.agentOutput == nil)
    #expect(run.results["errors"] == 1 && scenario["sandbox_id"] == nil)
  }

  @Test func aFailingSetupCommandIsNamedWithItsOutput() async throws {
    var spec = EvalSpec(agent: "echo it ran")
    spec["setup.commands"] = ["true", "echo to stdout; echo to stderr >&2; exit 7", "touch never"]
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error", "\(run.outcome)")
    #expect(scenario.error == "applying setup: command '\(spec["setup.commands"]?.array?[1].string ?? "")' exited 7")
    let detail = scenario["error_detail"]?.string ?? ""
    #expect(detail.contains("to stdout") && detail.contains("to stderr"))
    #expect(scenario.agentOutput == nil && (scenario["invariants"]?.array ?? []).isEmpty)
  }

  @Test func aSetupCommandThatNeverEndsIsStoppedWithTheSandboxesTime() async throws {
    var spec = EvalSpec()
    spec["setup.commands"] = ["sleep 1000"]
    spec["resources.timeout"] = "1s"
    let run = try await Workspace().evaluate(spec, timeout: .seconds(20))
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error" && run.outcome.duration < .seconds(8), "\(run.outcome)")
    #expect(scenario.error?.hasPrefix("applying setup: ") == true)
  }

  @Test(
    arguments: [
      ("setup.packages", ["jq"], "`setup.packages`"), ("datasets", ["emails"], "dataset `emails`"),
      ("network.ingress.allow", [["from": "host", "to_port": 80]], "`network.ingress.allow`"),
      ("snapshots.checkpoints", "per_action", "`snapshots.checkpoints`"),
      ("network.egress.allow", ["[2001:db8::1]:443"], "`[2001:db8::1]:443`: a sandbox has no IPv6"),
    ] as [(String, JSONValue, String)])
  func aNeedThatCannotBeMetIsNamedAndNothingRuns(_ path: String, _ value: JSONValue, _ text: String) async throws {
    let workspace = try Workspace()
    var spec = EvalSpec(agent: "echo it ran")
    spec[path] = value
    try workspace.write(spec)
    try workspace.write(EvalSpec(), to: "fine.yaml")
    let outcome = try await workspace.run(["eval", "run", "fine.yaml", "spec.yaml"])
    #expect(outcome.exitCode == 3 && outcome.stdout.isEmpty, "\(outcome)")
    #expect(outcome.stderr.contains(text) && outcome.stderr.contains("spec.yaml"), "\(outcome)")
    #expect(FileBytes.names(in: "\(workspace.data)/runs").isEmpty && workspace.sandboxes.isEmpty)
  }

  @Test(arguments: ["/dev/null/data", "/proc/data"])
  func aDataFolderThatCannotBeUsedExitsWithThree(_ folder: String) async throws {
    let workspace = try Workspace()
    try workspace.write(EvalSpec())
    let outcome = try await workspace.run(["eval", "run", "spec.yaml"], environment: ["KEYSTONE_DATA_DIR": folder])
    #expect(outcome.exitCode == 3 && outcome.stderr.contains(folder) && outcome.stdout.isEmpty, "\(outcome)")
  }

  @Test func aStoreThatIsNoneExitsWithThree() async throws {
    let workspace = try Workspace()
    try workspace.write("garbage, garbage, garbage", to: "data/keystone.sqlite")
    try workspace.write(EvalSpec())
    let outcome = try await workspace.run(["eval", "run", "spec.yaml"])
    #expect(outcome.exitCode == 3 && outcome.stderr.contains("keystone.sqlite"), "\(outcome)")
    #expect(workspace.read("data/keystone.sqlite") == "garbage, garbage, garbage")
  }

  @Test func everyNeedThatCannotBeMetIsNamedAtOnce() async throws {
    let workspace = try Workspace()
    var spec = EvalSpec()
    spec["snapshots.checkpoints"] = "per_action"
    spec["setup.packages"] = ["jq"]
    try workspace.write(spec)
    let outcome = try await workspace.run(["eval", "run", "spec.yaml"])
    for text in ["`snapshots.checkpoints`", "`setup.packages`"] {
      #expect(outcome.stderr.contains(text), "\(outcome)")
    }
    #expect(outcome.exitCode == 3)
  }
}
