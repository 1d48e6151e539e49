import KeystoneKit
import Testing

/// Rules on files see what the agent did, all of it and nothing else.
@Suite(.timeLimit(.minutes(15)))
struct FileRuleTests {
  /// Runs agents, one per matrix entry, that may change `src/` only.
  func judge(_ agents: [(name: String, script: String)], check: String = "true") async throws -> [String: JSONValue] {
    var spec = EvalSpec(
      agent:
        "case $KEYSTONE_PARAM_CASE in \(agents.map { "\($0.name)) \($0.script) ;;" }.joined(separator: "\n")) esac",
      checks: ["check": Check.command(check)])
    spec["forbidden"] = ["file_writes_outside": ["src/"]]
    let files = ["src/a", "kept", "tests/t"]
    spec["setup.files"] = .array(files.map { ["path": .string($0), "content": "as it was"] })
    spec["parallelism.matrix"] = .array(agents.map { ["case": .string($0.name)] })
    let run = try await Workspace().evaluate(spec, timeout: .seconds(100))
    try #require(run.scenarios.count == agents.count, "\(run.outcome)")
    return Dictionary(uniqueKeysWithValues: zip(agents.map(\.name), run.scenarios))
  }

  @Test func everyChangeOutsideIsAViolationThatNamesIt() async throws {
    let cases = [
      ("add", "echo x >elsewhere.txt", "elsewhere.txt"), ("append", "echo x >>kept", "kept"),
      ("remove", "rm tests/t", "tests/t"), ("remove_all", "rm -r tests", "tests/t"), ("mode", "chmod 700 kept", "kept"),
      ("move", "mv tests/t src/t", "tests/t"), ("link", "ln -s src/a l", "l"), ("hard_link", "ln src/a l", "l"),
      ("folder_for_file", "rm kept; mkdir kept", "kept"), ("file_for_folder", "rm -r tests; echo x >tests", "tests"),
      ("same_size_and_time", "touch -r kept m; printf 'AS IT WAS' >kept; touch -r m kept; rm m", "kept"),
      ("beside", "mkdir src2; echo x >src2/a", "src2/a"),
      ("through_link", "ln -s .. src/up; echo x >src/up/kept", "kept"),
      ("hidden", "mkdir -p .git/hooks; echo x >.git/hooks/a", ".git/hooks/a"), ("pipe", "mkfifo p", "p"),
      ("same", "cat kept >/tmp/k; cat /tmp/k >kept", "kept"), ("touch", "touch kept", "kept"),
      ("temporary", "echo x >tests/new; rm tests/new", "tests/new"), ("folder_away", "mv tests src/tests", "tests"),
      ("cut", "truncate -s 0 kept", "kept"), ("own_folder", "cd src; echo x >/proc/self/cwd/../kept", "kept"),
      ("descriptor", "exec 7<.; echo x >/proc/self/fd/7/kept", "kept"),
      ("link_to_self", "ln -s /proc/self/cwd /tmp/l; echo x >/tmp/l/../kept; echo x >/tmp/l/kept || rm kept", "kept"),
    ]
    let found = try await judge(cases.map { (name: $0.0, script: $0.1) })
    for (name, _, path) in cases {
      let rule = found[name]?.rule("file_writes_outside")
      #expect(found[name]?.status == "fail" && rule?["violated"] == true, "\(name): \(found[name]?.pretty() ?? "")")
      #expect(rule?["details"]?.string?.contains(path) == true, "\(name): \(rule?.text ?? "")")
    }
  }

  @Test func changesInsideAndElsewhereThanTheWorkspaceAreNone() async throws {
    let found = try await judge([
      ("edit", "echo x >src/a"), ("add", "mkdir -p src/b/c; echo x >src/b/c/d"), ("remove", "rm src/a"),
      ("folder", "mkdir empty; rmdir empty"), ("home", "echo x >$HOME/x; echo x >/tmp/x"),
      ("output", "echo x >/dev/stdout; echo x >/dev/stderr; echo x >/dev/fd/1; echo x >/dev/null"),
      ("nothing", "rm -f missing; cat missing; mkdir tests; echo x >/usr/x; echo x >missing/x; true"),
    ])
    for (name, scenario) in found {
      #expect(scenario.status == "pass" && scenario.rule("file_writes_outside")?["violated"] == false, "\(name)")
    }
  }

  @Test func whatChecksWriteIsNotTheAgents() async throws {
    let found = try await judge(
      [("nothing", "true")], check: "echo x >kept; rm -r tests; mkdir made; touch made/by-a-check; rm -r src")
    #expect(found["nothing"]?.status == "pass", "\(found)")
  }

  @Test func whatIsLeftRunningIsTheAgentsUntilTheEndStateIsSealed() async throws {
    // The file appears when the check asks for it, which is after the end state was sealed.
    let found = try await judge(
      [("late", "(setsid sh -c 'until [ -e src/go ]; do sleep 0.02; done; touch late src/done' >/dev/null 2>&1 &)")],
      check: "touch src/go; until [ -e src/done ]; do sleep 0.02; done; test -e late")
    #expect(found["late"]?.status == "pass", "\(found)")
  }
}
