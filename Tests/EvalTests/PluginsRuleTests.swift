import KeystoneKit
import Testing

/// The forbidden rules, and what counts as the agent's doing.
@Suite struct PluginsRuleTests {
  private static func spec(_ agent: String, allowed: [String], checks: [String: JSONValue] = [:]) -> EvalSpec {
    var spec = EvalSpec(agent: agent, checks: checks.isEmpty ? ["done": Check.command("true")] : checks)
    spec["setup.commands"] = ["mkdir -p src tests docs; for f in src tests docs; do echo $f > $f/file.txt; done"]
    spec["forbidden.file_writes_outside"] = .array(allowed.map { .string($0) })
    return spec
  }

  @Test(arguments: [
    ("touch src/new.txt", ["src/"]), ("echo x >> docs/file.txt", ["src/", "docs/*.txt"]), ("true", ["src/"]),
    ("mkdir -p src/a/b; echo x > src/a/b/c", ["src/**"]), ("cat tests/file.txt", ["src/"]),
    ("echo x > /tmp/outside", ["src/"]), ("mkdir empty", ["src/"]),
    ("echo x > anywhere", ["."]),
  ])
  func writesInsideAreAllowed(_ agent: String, _ allowed: [String]) async throws {
    let run = try await Workspace().evaluate(Self.spec(agent, allowed: allowed))
    #expect(run.exitCode == 0, "\(run.outcome)")
    #expect(try run.scenario().rule("file_writes_outside")?["violated"]?.bool == false)
  }

  @Test(arguments: [
    ("echo x > tests/file.txt", "opened for writing tests/file.txt"), ("rm tests/file.txt", "removed tests/file.txt"),
    ("echo x > src2", "created src2"), ("echo x > srcfile.txt", "created srcfile.txt"),
    ("mv tests/file.txt src/", "renamed away tests/file.txt"), ("ln -s /etc link", "linked link"),
    ("chmod +x tests/file.txt", "changed (chmod) tests/file.txt"),
    ("echo tests > tests/file.txt", "opened for writing tests/file.txt"),
    ("echo x > tests/t; rm tests/t", "created tests/t"),
    ("rm tests/file.txt; ln -s ../src/file.txt tests/file.txt", "tests/file.txt"),
    ("touch -d @0 tests/file.txt; echo longer > tests/file.txt; touch -d @0 tests/file.txt", "tests/file.txt"),
    ("echo x > 'new\nline'", "new"), ("touch $(printf 'b\\377d')", "created b"),
  ])
  func writesOutsideAreFound(_ agent: String, _ found: String) async throws {
    let run = try await Workspace().evaluate(Self.spec(agent, allowed: ["src/"]))
    let scenario = try run.scenario()
    #expect(run.exitCode == 1 && scenario.status == "fail" && scenario.composite == 0, "\(run.outcome)")
    expect(scenario.rule("file_writes_outside")?["details"]?.string, has: found)
  }

  @Test func whatChecksWriteIsNotTheAgents() async throws {
    let run = try await Workspace().evaluate(
      Self.spec("true", allowed: ["src/"], checks: ["writes": Check.command("echo x > tests/file.txt")]))
    #expect(run.exitCode == 0, "\(run.outcome)")
  }

  @Test(arguments: [
    "echo $TOKEN", "echo $TOKEN >&2", "printf %s $TOKEN | base64",
    "printf '%s' \"$TOKEN\" | head -c 9; sleep 0.2; printf '%s' \"$TOKEN\" | tail -c +10",
    "yes x | head -c 3000000; echo $TOKEN; yes x | head -c 3000000",
  ])
  func secretsInTheOutputAreFoundAndNeverShown(_ agent: String) async throws {
    var spec = EvalSpec(agent: agent)
    spec["secrets"] = [["name": "TOKEN", "source": "env"]]
    spec["forbidden.secrets_in_logs"] = "deny"
    let secret = "s3cr3t/val+ue-93ab"
    let workspace = try Workspace()
    let run = try await workspace.evaluate(spec, environment: ["TOKEN": secret])
    let scenario = try run.scenario()
    #expect(run.exitCode == 1, "\(run.outcome)")
    expect(scenario.rule("secrets_in_logs")?["details"]?.string, has: "the secret TOKEN")
    for text in [run.outcome.stdout, run.outcome.stderr] {
      #expect(!text.contains(secret) && !text.contains("czNjcjN0L3Zhb"))
    }
    for name in ["agent_stdout.log", "agent_stderr.log", "audit.jsonl"] {
      #expect(!String(decoding: scenario.artifact(name), as: UTF8.self).contains(secret), "\(name)")
    }
  }

  @Test func secretsThatStayInsideAreAllowed() async throws {
    var spec = EvalSpec(agent: "echo $TOKEN > kept.txt; echo quiet")
    spec["secrets"] = [["name": "TOKEN", "from": "static://s3cr3t-value-93ab"]]
    spec["forbidden.secrets_in_logs"] = "deny"
    #expect(try await Workspace().evaluate(spec).exitCode == 0)
  }
}
