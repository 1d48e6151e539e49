import Glibc
import KeystoneKit
import Testing

/// The commands that change what is installed.
@Suite struct PluginCommandsInstallTests {
  private static let check: JSONValue = ["type": "lines_at_most", "path": "none"]

  private func exitCode(of workspace: Workspace, _ check: JSONValue = Self.check) async throws -> Int32? {
    try await workspace.run(["spec", "check", workspace.write(EvalSpec(checks: ["c": check]))]).exitCode
  }

  @Test func aPluginIsInstalledDisabledEnabledAndRemoved() async throws {
    let workspace = try Workspace()
    let file = try await CPlugin.compile("c_lines_at_most", in: workspace)
    #expect(try await exitCode(of: workspace) == 2)
    let installed = try await workspace.run(["plugin", "install", file])
    #expect(installed.exitCode == 0, "\(installed)")
    expect(installed.stdout, has: "c 1.0.0", "invariant lines_at_most", "sha256", "no permissions")
    #expect(try await exitCode(of: workspace) == 0)
    // The copy counts, not the file it was made of.
    unlink(file)
    #expect(try await exitCode(of: workspace) == 0)
    #expect(try await workspace.run(["plugin", "disable", "c"]).exitCode == 0)
    let disabled = try await workspace.run(["spec", "check", "spec.yaml"])
    #expect(disabled.exitCode == 2)
    expect(disabled.stderr, has: "keystone plugin enable c")
    #expect(try await workspace.run(["plugin", "enable", "c"]).exitCode == 0)
    #expect(try await exitCode(of: workspace) == 0)
    #expect(try await workspace.run(["plugin", "remove", "c"]).exitCode == 0)
    #expect(try await exitCode(of: workspace) == 2)
    #expect(!FileBytes.names(in: "\(workspace.data)/plugins").contains { $0.hasSuffix(".so") })
  }

  @Test func builtinPluginsCanBeDisabledToo() async throws {
    let workspace = try Workspace()
    #expect(try await workspace.run(["plugin", "disable", "file_exists"]).exitCode == 0)
    #expect(try await exitCode(of: workspace, Check.exists("x")) == 2)
    #expect(try await exitCode(of: workspace, Check.command("x")) == 0)
    #expect(try await workspace.run(["plugin", "remove", "file_exists"]).exitCode == 2)
    #expect(try await workspace.run(["plugin", "enable", "file_exists"]).exitCode == 0)
    #expect(try await exitCode(of: workspace, Check.exists("x")) == 0)
  }

  @Test func permissionsNeedConsent() async throws {
    let workspace = try Workspace()
    let file = try await CPlugin.compile(
      "c_lines_at_most", in: workspace,
      replacing: [#""abi": 1,"#: #""abi": 1, "permissions": {"network": true, "paths": ["/srv"]},"#])
    let refused = try await workspace.run(["plugin", "install", file])
    #expect(refused.exitCode == 2, "\(refused)")
    expect(refused.stdout + refused.stderr, has: "network", "/srv", "--yes")
    #expect(try await exitCode(of: workspace) == 2)
    #expect(try await workspace.run(["plugin", "install", "--yes", file]).exitCode == 0)
    #expect(try await exitCode(of: workspace) == 0)
  }

  @Test func filesThatAreNoPluginsAreRefused() async throws {
    let workspace = try Workspace()
    mkfifo("\(workspace.path)/pipe.so", 0o644)
    try workspace.write("no library", to: "text.so")
    try workspace.write("", to: "empty.so")
    try workspace.write("int answer(void) { return 42; }\n", to: "other.c")
    try await run(["cc", "-shared", "-fPIC", "-o", "other.so", "other.c"], in: workspace.path)
    let plugin = try await CPlugin.compile("c_lines_at_most", in: workspace)
    try FileBytes.write(Array(try #require(FileBytes.read(plugin)).prefix(4_000)), to: "\(workspace.path)/half.so")
    let newer = try await CPlugin.compile(
      "c_lines_at_most", in: workspace, as: "newer", replacing: [#""abi": 1"#: #""abi": 99"#])
    let unnamed = try await CPlugin.compile(
      "c_lines_at_most", in: workspace, as: "unnamed", replacing: [#""name": "c""#: #""name": "../c""#])
    for file in [
      "pipe.so", "text.so", "empty.so", "other.so", "half.so", "none.so", "/dev/zero", ".", "/usr/bin/env", newer,
      unnamed,
    ] {
      let outcome = try await workspace.run(["plugin", "install", "--yes", file])
      #expect(outcome.exitCode == 2 && outcome.duration < .seconds(20), "\(file): \(outcome)")
      expect(outcome.stderr, has: "error: ", ":")
    }
    let left = FileBytes.names(in: "\(workspace.data)/plugins").filter { $0.hasSuffix(".so") }
    #expect(left.isEmpty, "\(left)")
    #expect(try await workspace.run(["plugin", "list"]).exitCode == 0)
  }

  @Test func theFirstOfTwoHasThePlainNameUnlessTheOtherIsPreferred() async throws {
    let workspace = try Workspace()
    let first = try await CPlugin.compile("c_lines_at_most", in: workspace)
    let second = try await CPlugin.compile(
      "c_lines_at_most", in: workspace, as: "second", replacing: [#""name": "c""#: #""name": "acme""#])
    for file in [first, second] { #expect(try await workspace.run(["plugin", "install", file]).exitCode == 0) }
    let list = try await workspace.run(["plugin", "list"])
    expect(list.stdout, has: "refused:", "lines_at_most", "keystone plugin prefer")
    let spec = EvalSpec(checks: ["c": Self.check, "q": ["type": "acme/lines_at_most", "path": "none"]])
    func judges() async throws -> [String?] {
      let scenario = try await workspace.evaluate(spec).scenario()
      return ["c", "q"].map { scenario.check($0)?["plugin"]?["name"]?.string }
    }
    #expect(try await judges() == ["c", "acme"])
    #expect(try await workspace.run(["plugin", "prefer", "lines_at_most", "acme"]).exitCode == 0)
    #expect(try await judges() == ["acme", "acme"])
    #expect(try await workspace.run(["plugin", "prefer", "lines_at_most", "nobody"]).exitCode == 2)
  }

  @Test func settingsAreRecordedAndSecretsNotShown() async throws {
    let workspace = try Workspace()
    let server = try PluginsServer.scripted([.text(#"{"score": 1}"#)])
    let key = "sk-test-recorded-55"
    let set = try await workspace.run([
      "plugin", "set", "llm_as_judge", "judge-url=\(server.base)/v1", "judge-api-key=\(key)", "judge-model-fast=m",
    ])
    #expect(set.exitCode == 0 && !(set.stdout + set.stderr).contains(key), "\(set)")
    let spec = EvalSpec(checks: ["j": ["type": "llm_as_judge", "criteria": "x"]])
    let run = try await workspace.evaluate(spec)
    #expect(run.exitCode == 0, "\(run.outcome)")
    #expect(server.requests.first?["headers"]?["authorization"]?.string == "Bearer \(key)")
    for arguments in [
      ["plugin", "list"], ["plugin", "show", "llm_as_judge"], ["plugin", "show", "llm_as_judge", "--format", "json"],
    ] {
      #expect(try await workspace.run(arguments).stdout.contains(key) == false)
    }
    // A flag wins over the environment, which wins over what is recorded.
    _ = try await workspace.evaluate(
      spec, ["-judge-model-fast", "of-the-flag"], environment: ["KEYSTONE_JUDGE_MODEL_FAST": "of-the-environment"])
    _ = try await workspace.evaluate(spec, environment: ["KEYSTONE_JUDGE_MODEL_FAST": "of-the-environment"])
    let models = try server.requests.map { try JSONValue(parsing: $0["body"]?.string ?? "")["model"]?.string }
    #expect(models == ["m", "of-the-flag", "of-the-environment"])
    for wrong in [["llm_as_judge", "judge-ulr=x"], ["nobody", "a=b"], ["llm_as_judge", "novalue"], ["llm_as_judge"]] {
      #expect(try await workspace.run(["plugin", "set"] + wrong).exitCode == 2, "\(wrong)")
    }
  }

  @Test func anOlderVersionReplacesANewerOneOnlyWhenItIsToldTo() async throws {
    let workspace = try Workspace()
    let new = try await CPlugin.compile(
      "c_lines_at_most", in: workspace, as: "new", replacing: [#""version": "1.0.0""#: #""version": "1.2.0""#])
    let old = try await CPlugin.compile("c_lines_at_most", in: workspace)
    #expect(try await workspace.run(["plugin", "install", new]).exitCode == 0)
    let refused = try await workspace.run(["plugin", "install", old])
    #expect(refused.exitCode == 2, "\(refused)")
    expect(refused.stderr, has: "1.2.0", "1.0.0", "--downgrade")
    expect(try await workspace.run(["plugin", "list"]).stdout, has: "1.2.0")
    #expect(try await workspace.run(["plugin", "install", "--downgrade", old]).exitCode == 0)
    let list = try await workspace.run(["plugin", "show", "lines_at_most"]).stdout
    #expect(list.contains("1.0.0") && !list.contains("1.2.0"), "\(list)")
  }

  @Test func whereAPluginRunsIsTheOperatorsChoice() async throws {
    let workspace = try Workspace()
    let crashing = try await CPlugin.compile("c_crashing_check", in: workspace)
    #expect(try await workspace.run(["plugin", "install", crashing]).exitCode == 0)
    expect(try await workspace.run(["plugin", "list"]).stdout, has: "isolated")
    #expect(try await workspace.run(["plugin", "set", "file_exists", "--home", "isolated"]).exitCode == 0)
    let shown = try await workspace.run(["plugin", "show", "file_exists", "--format", "json"]).stdout
    expect(shown, has: #""isolated""#)
    let run = try await workspace.evaluate(EvalSpec(agent: "touch x", checks: ["x": Check.exists("x")]))
    #expect(run.exitCode == 0, "\(run.outcome)")
    for wrong in [["file_exists"], ["file_exists", "--home", "elsewhere"], ["nobody", "--home", "isolated"]] {
      #expect(try await workspace.run(["plugin", "set"] + wrong).exitCode == 2, "\(wrong)")
    }
  }

  @Test func oneTypeIsPokedByHand() async throws {
    let workspace = try Workspace()
    try workspace.write("one\ntwo\n", to: "here/a.txt")
    func poke(_ arguments: [String]) async throws -> Outcome { try await workspace.run(["plugin", "run"] + arguments) }
    let passes = try await poke(["file_exists", "--params", #"{"path": "a.txt"}"#, "--workspace", "here"])
    #expect(passes.exitCode == 0, "\(passes)")
    #expect(try JSONValue(parsing: passes.stdout)["score"]?.double == 1)
    #expect(try await poke(["file_exists", "--params", #"{"path": "b.txt"}"#, "--workspace", "here"]).exitCode == 1)
    // An installed one, confined as always.
    let file = try await CPlugin.compile("c_lines_at_most", in: workspace)
    #expect(try await workspace.run(["plugin", "install", file]).exitCode == 0)
    let installed = try await poke([
      "lines_at_most", "--params", #"{"path": "a.txt", "max": 1}"#, "--workspace", "here",
    ])
    #expect(installed.exitCode == 1, "\(installed)")
    // A rule is told what happened by a file.
    let record: JSONValue = [
      "seq": 1, "ts": "2026-01-01T00:00:00Z", "phase": "agent", "actor": "agent", "event": "http_call",
      "data": ["host": "evil.example", "port": 80], "secrets": [],
    ]
    try workspace.write(record.text, to: "audit.jsonl")
    let rule = try await poke(["http_except", "--params", #"{"hosts": []}"#, "--audit", "audit.jsonl"])
    #expect(rule.exitCode == 1, "\(rule)")
    expect(rule.stdout, has: "evil.example")
    for (wrong, words) in [
      (["nothing_of_the_kind"], "keystone plugin list"), (["file_exists", "--params", "{"], "--params"),
      (["file_exists", "--params", "{}"], "path"), (["file_exists", "--workspace", "none"], "none"),
      (["http_except", "--params", #"{"hosts": []}"#, "--audit", "none.jsonl"], "none.jsonl"),
    ] {
      let outcome = try await poke(wrong)
      #expect(outcome.exitCode == 2, "\(wrong): \(outcome)")
      expect(outcome.stderr, has: words)
    }
  }
}
