import Glibc
import KeystoneKit
import Testing

/// Checks of files, whatever the agent leaves at their paths.
@Suite struct PluginsFileTests {
  /// An agent that leaves traps where files are expected.
  private static let traps = """
    mkfifo pipe
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
    mkdir folder
    truncate -s 5G sparse
    ln -s /etc/passwd outside
    ln -s ../../../../../../etc/passwd above
    ln -s / root
    ln -s loop loop
    ln -s pipe to_pipe
    python3 -c 'print("a" * 40 + "!")' > expensive
    head -c 20000000 /dev/zero | tr '\\0' a > long
    """

  @Test func filesOfEveryKindAreJudgedWithoutHanging() async throws {
    var checks: [String: JSONValue] = [:]
    for path in ["pipe", "socket", "folder", "sparse", "to_pipe", "loop", "root", "root/etc", "missing", "folder/none"]
    {
      checks["fails_\(path)"] = ["type": "file_content", "path": .string(path), "not_contains": "x"]
    }
    for path in ["pipe", "socket", "folder", "sparse", "to_pipe", "loop", "outside"] {
      checks["passes_exists_\(path)"] = Check.exists(path)
      checks["fails_absent_\(path)"] = ["type": "file_absent", "path": .string(path)]
    }
    checks["passes_absent_missing"] = ["type": "file_absent", "path": "missing"]
    checks["passes_absent_below_a_file"] = ["type": "file_absent", "path": "expensive/none"]
    let run = try await Workspace().evaluate(EvalSpec(agent: Self.traps, checks: checks))
    let scenario = try run.scenario()
    expectWhatNamesSay(scenario)
    #expect(run.outcome.duration < .seconds(20), "\(run.outcome.duration)")
    expect(scenario.reason("fails_missing"), has: "missing does not exist")
    for path in ["pipe", "socket", "folder"] { expect(scenario.reason("fails_\(path)"), has: path) }
  }

  @Test func linksThatLeaveTheWorkspaceAreNotReadThrough() async throws {
    let workspace = try Workspace()
    try workspace.write("top secret of the host", to: "host.txt")
    var checks: [String: JSONValue] = [:]
    for path in ["outside", "above", "root/etc/passwd", "host", "swapped/host.txt"] {
      checks["fails_content_\(path)"] = ["type": "file_content", "path": .string(path), "pattern": "(?s)."]
      checks["fails_contains_\(path)"] = ["type": "file_content", "path": .string(path), "contains": "root:"]
    }
    // What was a folder when the spec was checked is a link when the check looks.
    let agent = "\(Self.traps)\nln -s \(workspace.path)/host.txt host\nrmdir folder2; ln -s \(workspace.path) swapped"
    var spec = EvalSpec(agent: agent, checks: checks)
    spec["setup.commands"] = ["mkdir folder2"]
    let run = try await workspace.evaluate(spec)
    expectWhatNamesSay(try run.scenario())
    #expect(!run.outcome.stdout.contains("top secret") && !run.outcome.stdout.contains("root:x:0"))
  }

  @Test func patternsThatBacktrackForEverEnd() async throws {
    let spec = EvalSpec(
      agent: Self.traps,
      checks: [
        "backtracks": ["type": "file_content", "path": "expensive", "pattern": "^(a+)+$"],
        "quadratic": ["type": "file_content", "path": "long", "pattern": "a*a*a*b"],
      ])
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.outcome.duration < .seconds(45), "\(run.outcome.duration)")
    for name in ["backtracks", "quadratic"] {
      let check = try #require(scenario.check(name))
      #expect(check["passed"]?.bool == false, "\(check)")
      #expect(!scenario.reason(name).isEmpty)
    }
  }

  @Test func contentIsComparedByteByByte() async throws {
    let agent = #"printf 'eins\nzwei é\n\377\376drei\000vier' > f; printf '' > empty"#
    let scenario = try await Workspace().evaluate(
      EvalSpec(
        agent: agent,
        checks: [
          "passes_contains": Check.file("f", contains: "zwei é"),
          "passes_over_lines": Check.file("f", contains: "eins\nzwei"),
          "passes_literal": ["type": "file_content", "path": "f", "not_contains": "e.ns"],
          "passes_pattern": ["type": "file_content", "path": "f", "pattern": "^e.ns$"],
          "passes_after_bytes": ["type": "file_content", "path": "f", "pattern": "drei\\x00vier\\z"],
          "passes_all_three": [
            "type": "file_content", "path": "f", "contains": "eins", "not_contains": "fünf", "pattern": "é$",
          ],
          "passes_empty": ["type": "file_content", "path": "empty", "not_contains": "x"],
          "fails_case": Check.file("f", contains: "Eins"),
          "fails_pattern": ["type": "file_content", "path": "f", "pattern": "^zwei$"],
          "fails_one_of_three": [
            "type": "file_content", "path": "f", "contains": "eins", "not_contains": "zwei", "pattern": "eins",
          ],
          "fails_empty": ["type": "file_content", "path": "empty", "pattern": "."],
        ])
    ).scenario()
    expectWhatNamesSay(scenario)
    expect(scenario.reason("fails_case"), has: "f does not contain `Eins`")
    expect(scenario.reason("fails_one_of_three"), has: "f contains `zwei`")
  }

  @Test func commandsAreQuotedWithTheirEnd() async throws {
    let scenario = try await Workspace().evaluate(
      EvalSpec(checks: [
        "passes_code": ["type": "command_exit", "command": "exit 7", "exit_code": 7],
        "passes_workspace": Check.command("test \"$PWD\" = \"$KEYSTONE_WORKSPACE\" && touch here"),
        "fails_code": Check.command("echo first; echo something broke >&2; exit 3"),
        "fails_signal": Check.command("kill -SEGV $$"),
        "fails_silently": Check.command("exit 1"),
        "fails_flood": Check.command("yes | head -c 50000000; echo the end; exit 1"),
        "fails_closed": Check.command("exec >&- 2>&-; exit 2"),
      ])
    ).scenario()
    expectWhatNamesSay(scenario)
    expect(scenario.reason("fails_code"), has: "3", "something broke")
    expect(scenario.reason("fails_signal"), has: "SIGSEGV")
    expect(scenario.reason("fails_silently"), has: "exited with 1", "expected 0", "wrote nothing")
    expect(scenario.reason("fails_flood"), has: "the end")
    #expect(scenario.reason("fails_flood").utf8.count < 20_000)
  }

  @Test func aCommandOverItsTimeIsAnError() async throws {
    var spec = EvalSpec(checks: ["slow": Check.command("sleep 1000 & sleep 1000"), "quick": Check.command("true")])
    spec["invariants.slow.timeout"] = "500ms"
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error")
    expect(scenario.error, has: "slow")
    #expect(scenario.check("quick")?["passed"]?.bool == true)
    #expect(run.outcome.duration < .seconds(20))
  }
}
