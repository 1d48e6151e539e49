import Glibc
import KeystoneKit
import Testing

/// Plugins in plain C, installed for a user and used in specs.
@Suite struct PluginsInstalledTests {
  private func install(_ plugins: [String], in workspace: Workspace) async throws {
    for plugin in plugins {
      let file = try await CPlugin.compile(plugin, in: workspace)
      let outcome = try await workspace.run(["plugin", "install", file])
      try #require(outcome.exitCode == 0, "\(outcome)")
    }
  }

  @Test func aCheckInCJudgesAndIsNamedInTheResult() async throws {
    let workspace = try Workspace()
    try await install(["c_lines_at_most"], in: workspace)
    let run = try await workspace.evaluate(
      EvalSpec(
        agent: "seq 1 3 > three; seq 1 300000 > many; ln -s /etc/passwd out; mkfifo pipe",
        checks: [
          "passes_three": ["type": "lines_at_most", "path": "three", "max": 3],
          "passes_qualified": ["type": "c/lines_at_most", "path": "three"],
          "fails_three": ["type": "lines_at_most", "path": "three", "max": 2],
          "fails_many": ["type": "lines_at_most", "path": "many"],
          "fails_missing": ["type": "lines_at_most", "path": "none"],
        ]))
    let scenario = try run.scenario()
    expectWhatNamesSay(scenario)
    expect(scenario.reason("fails_many"), has: "300000 lines, at most 100 allowed")
    let judge = try #require(scenario.check("passes_three")?["plugin"])
    #expect(judge["name"]?.string == "c" && judge["version"]?.string == "1.0.0")
    let digest = try #require(judge["sha256"]?.string)
    #expect(access("\(workspace.data)/plugins/\(digest).so", F_OK) == 0)
    let list = try await workspace.run(["plugin", "list"])
    expect(list.stdout, has: "lines_at_most", "isolated", "\(digest).so")
  }

  @Test func theParametersOfACheckInCAreChecked() async throws {
    let workspace = try Workspace()
    try await install(["c_lines_at_most"], in: workspace)
    let check: JSONValue = ["type": "lines_at_most", "pth": "x", "max": -1]
    let outcome = try await workspace.run(["spec", "check", workspace.write(EvalSpec(checks: ["c": check]))])
    #expect(outcome.exitCode == 2)
    expect(outcome.stderr, has: "`pth`", "did you mean `path`", "invariants.c.check.max")
  }

  @Test(arguments: ["crash", "trap", "exit", "hang", "garbage", "score"])
  func aPluginThatFailsCostsItsScenarioAndNobodyElseAnything(_ fault: String) async throws {
    let workspace = try Workspace()
    try await install(["c_crashing_check", "c_lines_at_most"], in: workspace)
    var spec = EvalSpec(
      agent: "seq 1 3 > three",
      checks: [
        "faulty": ["type": "crashing_check", "fault": "{{ matrix.fault }}"],
        "passes_lines": ["type": "lines_at_most", "path": "three"], "passes_builtin": Check.exists("three"),
      ])
    spec["invariants.faulty.timeout"] = "3s"
    spec["parallelism.matrix"] = [["fault": "none"], ["fault": .string(fault)], ["fault": "none"]]
    let run = try await workspace.evaluate(spec, ["--concurrency", "1"])
    #expect(run.exitCode == 3 && run.scenarios.count == 3, "\(run.outcome)")
    #expect(run.scenarios.map(\.status) == ["pass", "error", "pass"], "\(run.outcome)")
    let broken = try run.scenario("c2-r1")
    expect(broken.error, has: "faulty")
    if fault != "score" && fault != "hang" { expect(broken.error, has: "crashing") }
    if fault == "trap" { expect(broken.error, has: "Index out of range") }
    for name in ["passes_lines", "passes_builtin"] { #expect(broken.check(name)?["passed"]?.bool == true) }
  }

  @Test func aCopyThatWasChangedAfterwardsIsRefused() async throws {
    let workspace = try Workspace()
    try await install(["c_lines_at_most"], in: workspace)
    let spec = try workspace.write(EvalSpec(checks: ["c": ["type": "lines_at_most", "path": "x"]]))
    #expect(try await workspace.run(["spec", "check", spec]).exitCode == 0)
    let copy = try #require(FileBytes.names(in: "\(workspace.data)/plugins").first { $0.hasSuffix(".so") })
    let path = "\(workspace.data)/plugins/\(copy)"
    let bytes = try #require(FileBytes.read(path))
    unlink(path)
    try FileBytes.write(bytes + [0], to: path, mode: 0o600)
    let outcome = try await workspace.run(["spec", "check", spec])
    #expect(outcome.exitCode == 2)
    expect(outcome.stderr, has: "lines_at_most", "keystone plugin install")
    #expect(try await workspace.run(["plugin", "list"]).exitCode == 0)
  }

  @Test func aFolderThatOthersMayWriteToIsNotTrusted() async throws {
    let workspace = try Workspace()
    try await install(["c_lines_at_most"], in: workspace)
    chmod("\(workspace.data)/plugins", 0o777)
    let outcome = try await workspace.run(["plugin", "list"])
    #expect(outcome.exitCode == 0 && !outcome.stdout.contains("invariant  lines_at_most"), "\(outcome)")
    expect(outcome.stdout, has: "refused:", "chmod go-w")
  }
}
