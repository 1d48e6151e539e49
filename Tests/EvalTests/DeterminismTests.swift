import Glibc
import KeystoneKit
import Testing

/// What a spec pins is the same in every run.
@Suite(.timeLimit(.minutes(15)))
struct DeterminismTests {
  @Test(arguments: Operator.possible)
  func theClockOnTheWallStandsStillAndEverythingElseGoesOn(_ who: Operator) async throws {
    let agent = """
      date -u +%Y-%m-%dT%H:%M:%SZ
      python3 -c '
      import threading, time
      start = time.monotonic(); time.sleep(0.2); waited = threading.Condition()
      with waited: waited.wait(0.2)
      print(time.time(), 0.3 < time.monotonic() - start < 20)'
      timeout 1 sleep 100; echo $?
      """
    var spec = EvalSpec(agent: agent, checks: ["check": Check.command("test $(date +%s) = 1767225600")])
    spec["determinism"] = ["clock": "2026-01-01T00:00:00Z"]
    spec["setup.commands"] = ["date +%s >before"]
    let run = try await who.workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(scenario.agentOutput == "2026-01-01T00:00:00Z\n1767225600.0 True\n124\n", "\(scenario.pretty())")
    #expect(scenario.status == "pass" && scenario["environment"]?["clock"]?.string?.hasPrefix("frozen at 2026") == true)
    // The audit's clock is the host's.
    #expect(try scenario.audit().allSatisfy { $0["ts"]?.string?.hasPrefix("2026-01-01") == false })
  }

  @Test func runtimesGetTheSeed() async throws {
    var spec = EvalSpec(agent: "python3 -c 'print(hash(\"keystone\"))'; echo $PERL_HASH_SEED $RANDOM_SEED")
    spec["determinism"] = ["seed": 42]
    spec["parallelism.replicas"] = 1
    let first = try await Workspace().evaluate(spec).scenario().agentOutput
    let second = try await Workspace().evaluate(spec).scenario().agentOutput
    #expect(first == second && first?.hasSuffix("42 42\n") == true, "\(first ?? "")")
  }

  @Test func aSecretCanBeAFile() async throws {
    var spec = EvalSpec(agent: "stat -c %a keys/id; cat keys/id", checks: ["check": Check.exists("keys/id")])
    spec["secrets"] = [["name": "KEY", "from": "static://x-y-z-secret", "scope": ["file_template": "keys/id"]]]
    let scenario = try await Workspace().evaluate(spec).scenario()
    #expect(scenario.status == "pass" && scenario.agentOutput == "600\n[secret KEY]", "\(scenario.pretty())")
  }
}

/// What is kept after a run.
@Suite(.timeLimit(.minutes(15)))
struct TeardownTests {
  private func spec(_ agent: String, alwaysRun: Bool) -> EvalSpec {
    var spec = EvalSpec(agent: agent)
    spec["secrets"] = [["name": "TOKEN", "from": "static://x-y-z-secret"]]
    spec["teardown"] = [
      "always_run": .bool(alwaysRun),
      "export": [
        ["type": "audit_log", "to": "results/audit.jsonl"], ["type": "snapshot", "to": "results/final-state/"],
      ],
    ]
    return spec
  }

  @Test(arguments: Operator.possible)
  func logAndSnapshotAreExportedWithLinksAsTheyAre(_ who: Operator) async throws {
    let agent =
      "mkdir -p a/b; echo content >a/b/f; chmod 755 a/b/f; ln -s /etc/passwd l; ln -s a d; mkfifo p; echo $TOKEN"
    let run = try await who.workspace().evaluate(spec(agent, alwaysRun: false))
    let scenario = try run.scenario()
    let folder = "\(scenario["artifacts"]?.string ?? "")/results"
    #expect(
      scenario["exports"]?.array?.count == 2 && scenario["exports"]?.array?.allSatisfy { $0["error"] == nil } == true)
    #expect(FileBytes.read("\(folder)/final-state/a/b/f") == Array("content\n".utf8))
    #expect(access("\(folder)/final-state/a/b/f", X_OK) == 0 && access("\(folder)/final-state/p", F_OK) != 0)
    var target = [CChar](repeating: 0, count: 64)
    let count = readlink("\(folder)/final-state/l", &target, 64)
    let link = String(decoding: target.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    #expect(link == "/etc/passwd")
    #expect(FileBytes.read("\(folder)/audit.jsonl") == scenario.artifact("audit.jsonl"))
    let text = String(decoding: FileBytes.read("\(folder)/audit.jsonl") ?? [], as: UTF8.self)
    #expect(text.contains("[secret TOKEN]") && !text.contains("x-y-z-secret"))
  }

  @Test(arguments: [true, false])
  func afterAFailureOnlyWhatAlwaysRunsIsExported(_ alwaysRun: Bool) async throws {
    for agent in ["echo x >f; exit 3", "echo x >f; sleep 100"] {
      var spec = spec(agent, alwaysRun: alwaysRun)
      spec["agent.timeout"] = "1s"
      let run = try await Workspace().evaluate(spec)
      let folder = "\(try run.scenario()["artifacts"]?.string ?? "")/results"
      #expect((access("\(folder)/final-state/f", F_OK) == 0) == alwaysRun, "\(run.outcome)")
    }
  }
}
