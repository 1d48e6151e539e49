import Glibc
import KeystoneKit
import Testing

/// Paths of specs and of agents that try to leave the workspace.
@Suite struct HostilePathTests {
  private static func writing(_ path: String, after commands: [String] = []) -> EvalSpec {
    var spec = EvalSpec()
    spec["setup.files"] = [["path": .string(path), "content": "written"]]
    if !commands.isEmpty { spec["setup.commands"] = .array(commands.map { .string($0) }) }
    return spec
  }

  @Test(arguments: ["..", "../x", "a/../../x", "a/b/../../../x", "", "a/..//..", "./../x"])
  func setupPathsThatLeaveAreRefusedInTheSpec(_ path: String) async throws {
    let workspace = try Workspace()
    let outcome = try await workspace.run(["spec", "check", workspace.write(Self.writing(path))])
    #expect(outcome.exitCode == 2, "\(outcome)")
    expect(outcome.stderr, has: "setup.files[0].path")
  }

  @Test func setupWritesTheSandboxsOwnFilesAndNoneOfTheHost() async throws {
    let workspace = try Workspace()
    let mark = "\(workspace.path)/mark"
    var spec = EvalSpec(checks: [
      "passes_relative": Check.file("deep/er/a.txt", contains: "one"),
      "passes_workspace": Check.file("b.txt", contains: "two"), "passes_tmp": Check.command("grep three /tmp/c.txt"),
      "passes_looked_up": Check.file("tmp/c.txt", contains: "three"),
      "passes_unicode": Check.file("größe/日本 🎉.txt", contains: "four"),
      "passes_mode": Check.command("test $(stat -c %a run.sh) = 750"), "passes_spaces": Check.exists(" a\tb '\" $x"),
      "passes_normal": Check.exists("./deep//er/./a.txt"),
    ])
    spec["setup.files"] = [
      ["path": "deep/er/a.txt", "content": "one"], ["path": "/workspace/b.txt", "content": "two"],
      ["path": "/tmp/c.txt", "content": "three"], ["path": "größe/日本 🎉.txt", "content": "four"],
      ["path": "run.sh", "content": "", "mode": "0750"], ["path": " a\tb '\" $x", "content": ""],
    ]
    expectWhatNamesSay(try await workspace.evaluate(spec).scenario())
    // The host's own folder of that name does not exist inside, or is not the host's.
    _ = try await workspace.evaluate(Self.writing(mark))
    #expect(access(mark, F_OK) != 0)
    for path in ["/etc/keystone-test-mark", "/usr/bin/keystone-test-mark"] {
      _ = try await workspace.evaluate(Self.writing(path))
      #expect(access(path, F_OK) != 0)
    }
  }

  @Test func linksOfTheAgentDoNotLeadChecksOut() async throws {
    let workspace = try Workspace()
    try workspace.write("top secret of the host", to: "host.txt")
    let host = "\(workspace.path)/host.txt"
    let agent = """
      ln -s \(host) absolute; ln -s ../../../../../../..\(host) relative; ln -s \(workspace.path) folder
      ln -s /proc/1/root root; ln -s /proc/self/cwd/../host.txt cwd; mkdir real; ln -s ../real real/back; echo x > real/x
      ln -s /workspace/real/x inside; ln -s real/x near
      """
    var checks: [String: JSONValue] = [
      "passes_inside": Check.file("inside", contains: "x"), "passes_near": Check.file("near", contains: "x"),
      "passes_back": Check.file("real/back/back/x", contains: "x"),
    ]
    for path in ["absolute", "relative", "folder/host.txt", "root\(host)", "cwd", "root/etc/shadow"] {
      checks["fails_\(path)"] = ["type": "file_content", "path": .string(path), "pattern": "(?s)."]
    }
    for path in ["folder/host.txt", "root\(host)"] { checks["fails_exists_\(path)"] = Check.exists(path) }
    let run = try await workspace.evaluate(EvalSpec(agent: agent, checks: checks))
    expectWhatNamesSay(try run.scenario())
    #expect(!run.outcome.stdout.contains("top secret"))
  }

  @Test func namesThatAreNoTextAreCountedAndShown() async throws {
    let agent =
      "mkdir -p \"$(printf 'd\\377')\"; echo x > \"$(printf 'd\\377/f\\376')\"; echo y > \"$(printf 'a\\nb')\""
    var spec = EvalSpec(agent: agent, checks: ["passes_there": Check.command("test -f \"$(printf 'd\\377/f\\376')\"")])
    spec["forbidden.file_writes_outside"] = ["src/"]
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 1 && scenario.error == nil, "\(run.outcome)")
    expect(scenario.rule("file_writes_outside")?["details"]?.string, has: "created d", "created a")
  }

  @Test func foldersWithoutRightsDoNotStopTheJudge() async throws {
    let agent =
      "mkdir closed; echo x > closed/x; chmod 0 closed; echo y > unreadable; chmod 0 unreadable; mkdir -p deep; cd deep; for i in $(seq 1 300); do mkdir d; cd d; done"
    var spec = EvalSpec(
      agent: agent,
      checks: ["fails_content": Check.file("closed/y", contains: "x"), "passes_folder": Check.exists("closed")])
    spec["forbidden.file_writes_outside"] = ["."]
    let run = try await Workspace().evaluate(spec)
    expectWhatNamesSay(try run.scenario())
  }
}
