import Glibc
import KeystoneKit
import Testing

/// How an agent ends, and what it costs nobody else.
@Suite(.timeLimit(.minutes(15)))
struct AgentTests {
  @Test func theExitCodeIsJudgedAndNoError() async throws {
    var spec = EvalSpec(
      agent: "echo out; echo err >&2; if test $KEYSTONE_REPLICA = 0; then exit 3; else kill -9 $$; fi",
      checks: ["told": Check.python("print(json.dumps(dict(passed=data['exit_code'] == 3 or data['signal'] == 9)))")])
    spec["parallelism.replicas"] = 2
    let run = try await Workspace().evaluate(spec)
    #expect(run.exitCode == 0 && run.scenarios.map(\.status) == ["pass", "pass"], "\(run.outcome)")
    let (exited, killed) = (try run.scenario("c1-r1"), try run.scenario("c1-r2"))
    #expect(exited["exit_code"] == 3 && exited["signal"] == nil && exited["error"] == nil)
    #expect(killed["exit_code"] == nil && killed["signal"] == 9)
    #expect(exited.agentOutput == "out\n" && exited["agent_stderr"] == "err\n")
    #expect(exited["agent_ms"]?.int ?? 0 > 0 && exited["wall_ms"]?.int ?? 0 >= exited["agent_ms"]?.int ?? 0)
  }

  @Test(arguments: ["no-such-agent", "./missing", "./data.txt", "/etc"])
  func anAgentThatCannotBeStartedIsAnError(_ binary: String) async throws {
    var spec = EvalSpec()
    spec["setup.files"] = [["path": "data.txt", "content": "no program", "mode": "0644"]]
    spec["agent"] = ["type": "cli", "binary": .string(binary)]
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error", "\(run.outcome)")
    #expect(scenario.error?.contains(binary) == true && (scenario["invariants"]?.array ?? []).isEmpty)
  }

  @Test func anAgentOverItsTimeIsAnErrorAndItsWholeTreeIsDead() async throws {
    let marker = "marker-\(UInt64.random(in: 0 ... .max))"
    // A child, a daemon forked twice into a session of its own, and one that nobody can ask to leave.
    var spec = EvalSpec(
      agent: """
        trap '' TERM INT HUP
        sleep 1000 \(marker) &
        python3 -c 'import time; time.sleep(1000)' \(marker) &
        (setsid sh -c 'trap "" TERM; (while :; do sleep 1; done) & sleep 1000; :' \(marker) >/dev/null 2>&1 &)
        echo started
        while :; do sleep 1; done
        """)
    spec["agent.timeout"] = "1s"
    let run = try await Workspace().evaluate(spec, timeout: .seconds(30))
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error", "\(run.outcome)")
    #expect(scenario.error?.contains("timeout") == true && scenario.error?.contains("agent.timeout") == true)
    let wall = scenario["wall_ms"]?.int ?? 0
    #expect(1_000 <= wall && wall < 4_500, "\(run.outcome)")
    #expect(Leftovers.processes(withArgument: marker).isEmpty)
  }

  @Test func theSandboxesTimeEndsTheAgentToo() async throws {
    var spec = EvalSpec(agent: "sleep 1000")
    spec["resources.timeout"] = "1s"
    let run = try await Workspace().evaluate(spec, timeout: .seconds(30))
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.error?.contains("resources.timeout") == true, "\(run.outcome)")
    #expect(scenario["wall_ms"]?.int ?? .max < 4_500)
  }

  @Test func whatAnAgentPrintedBeforeItsTimeWasOverIsKept() async throws {
    var spec = EvalSpec(agent: "echo so far; sleep 1000")
    spec["agent.timeout"] = "1s"
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(scenario.agentOutput == "so far\n", "\(run.outcome)")
    #expect(try run.artifact("agent_stdout.log") == Array("so far\n".utf8))
  }

  @Test func anAgentMayCloseItsOutput() async throws {
    let spec = EvalSpec(
      agent: "echo first; exec >&- 2>&- <&-; sleep 0.3; touch done", checks: ["done": Check.exists("done")])
    let run = try await Workspace().evaluate(spec)
    let scenario = try run.scenario()
    #expect(run.exitCode == 0 && scenario.agentOutput == "first\n" && scenario["exit_code"] == 0, "\(run.outcome)")
  }

  @Test func anAgentMayIgnoreItsPrompt() async throws {
    var spec = EvalSpec(agent: "exec <&-; echo done")
    spec["task.prompt"] = .string(String(repeating: "Much to read. ", count: 40_000))
    let run = try await Workspace().evaluate(spec)
    #expect(try run.scenario().agentOutput == "done\n", "\(run.outcome.stderr)")
    let whole = try await Workspace().evaluate(
      {
        spec["agent.args"] = ["-c", "wc -c"]
        return spec
      }())
    #expect(try whole.scenario().agentOutput == "560000\n", "\(whole.outcome.stderr)")
  }

  @Test func aServerThatTheAgentLeavesRunningIsJudged() async throws {
    let server = """
      import http.server
      http.server.HTTPServer(('127.0.0.1', 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
      """
    let client = """
      import urllib.request, time
      for attempt in range(200):
          try: print(urllib.request.urlopen('http://127.0.0.1:8000/hello.txt').read().decode()); break
          except OSError: time.sleep(0.05)
      """
    var spec = EvalSpec(
      // The server holds the agent's own output open, which must keep nobody waiting.
      agent: "echo hello >hello.txt; python3 server.py & echo left",
      checks: ["answers": Check.command("python3 client.py | grep -q hello")])
    spec["setup.files"] = [
      ["path": "server.py", "content": .string(server)], ["path": "client.py", "content": .string(client)],
    ]
    let run = try await Workspace().evaluate(spec, timeout: .seconds(40))
    let scenario = try run.scenario()
    #expect(run.exitCode == 0 && scenario["agent_ms"]?.int ?? .max < 10_000, "\(run.outcome)")
    #expect(scenario.agentOutput?.contains("left") == true)
  }

  @Test func oneAgentsMisfortuneIsNobodyElses() async throws {
    var spec = EvalSpec(
      agent: """
        case $KEYSTONE_REPLICA in
          0) kill -9 -1 ;;
          1) exec >&- 2>&-; kill -STOP $$ ;;
          2) (setsid sleep 1000 &) ; exit 0 ;;
          3) ulimit -n 3; exit 0 ;;
          *) exit 0 ;;
        esac
        """)
    spec["agent.timeout"] = "2s"
    spec["parallelism.replicas"] = 6
    let run = try await Workspace().evaluate(spec, ["--concurrency", "6"], timeout: .seconds(40))
    #expect(run.scenarios[1].status == "error", "\(run.outcome)")
    #expect(run.scenarios.suffix(4).map(\.status) == ["pass", "pass", "pass", "pass"], "\(run.outcome)")
  }
}
