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
}
