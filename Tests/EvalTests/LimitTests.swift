import Glibc
import KeystoneKit
import Testing

/// A sandbox that is over a limit is stopped, says which, and costs nobody else anything.
@Suite(.timeLimit(.minutes(15)))
struct LimitTests {
  private func run(
    _ agent: String, _ resources: [String: JSONValue], as who: Operator, check: String = "true"
  ) async throws -> JSONValue {
    var spec = EvalSpec(agent: agent, checks: ["check": Check.command(check)])
    for (name, value) in resources { spec["resources.\(name)"] = value }
    return try await who.workspace().evaluate(spec, timeout: .seconds(100)).scenario()
  }

  @Test(arguments: Operator.possible)
  func anAgentOverItsMemoryIsAnErrorThatSaysSo(_ who: Operator) async throws {
    let agent = """
      python3 -c '
      import time
      pieces = []
      while True: pieces.append(bytearray(8 << 20)); time.sleep(0.01)'
      """
    let scenario = try await run(agent, ["memory": "128Mi"], as: who)
    #expect(scenario.status == "error" && scenario.error?.contains("memory") == true, "\(scenario.pretty())")
    #expect(scenario["status_detail"]?["reason"] == "RESOURCE_LIMIT_EXCEEDED", "\(scenario.pretty())")
    let kept = scenario["environment"]?["limits"]?["memory"]
    #expect(kept == "enforced" || kept == "watched", "\(scenario.pretty())")
  }

  @Test(arguments: Operator.possible)
  func anAgentOverItsDiskIsAnErrorThatSaysSo(_ who: Operator) async throws {
    let agent = "i=0; while [ $i -lt 3000 ]; do head -c 1048576 /dev/zero >f$i; i=$((i + 1)); sleep 0.01; done"
    let scenario = try await run(agent, ["disk": "64Mi"], as: who)
    #expect(scenario.status == "error" && scenario.error?.contains("disk") == true, "\(scenario.pretty())")
  }

  @Test(arguments: Operator.possible)
  func aForkBombEndsWithItsTimeAndLeavesNothing(_ who: Operator) async throws {
    let bomb = "bomb() { bomb | bomb & }; bomb; while :; do :; done"
    var spec = EvalSpec(agent: bomb)
    spec["agent.timeout"] = "2s"
    spec["resources.pids"] = 64
    let scenario = try await who.workspace().evaluate(spec, timeout: .seconds(60)).scenario()
    #expect(scenario["status_detail"]?["reason"] == "EXPIRED", "\(scenario.pretty())")
    #expect(scenario.status == "error" && scenario["environment"]?["limits"]?["processes"] == "enforced")
    #expect((scenario["agent_ms"]?.int ?? scenario["wall_ms"]?.int ?? .max) < 6_000, "\(scenario.pretty())")
  }

  @Test(arguments: Operator.possible)
  func noMoreProcessesThanAllowedRunAtOnce(_ who: Operator) async throws {
    let agent = """
      python3 -c '
      import os, time
      made = 0
      try:
        while made < 200:
          if os.fork() == 0: time.sleep(5); os._exit(0)
          made += 1
      except OSError: pass
      print("made", made)'
      """
    let scenario = try await run(agent, ["pids": 30], as: who)
    let made =
      scenario.agentOutput.flatMap { Int($0.split(separator: " ").last?.split(separator: "\n").first ?? "") } ?? -1
    #expect((10...30).contains(made), "\(scenario.pretty())")
  }

  @Test func aLimitThatCannotBeKeptIsAnErrorBeforeTheAgentStarts() async throws {
    var spec = EvalSpec(agent: "touch ran")
    spec["resources.cpu"] = 1
    let workspace = try (OrdinaryUser.isPossible ? Operator.ordinaryUser : .root).workspace()
    let run = try await workspace.evaluate(spec)
    let scenario = try run.scenario()
    // Only root, or a delegated group, has one for processors.
    if scenario["environment"]?["limits"]?["cpu"] == "enforced" { return }
    #expect(scenario.status == "error" && scenario.error?.contains("resources.cpu") == true, "\(scenario.pretty())")
    #expect(scenario["agent_ms"] == nil)
  }

  @Test func theGroupsOfASandboxAreRemoved() async throws {
    var spec = EvalSpec(agent: "(setsid sleep 1000 >/dev/null 2>&1 &)")
    spec["resources.memory"] = "256Mi"
    let scenario = try await Workspace().evaluate(spec).scenario()
    let id = try #require(scenario["sandbox_id"]?.string)
    let left = FileBytes.names(in: "/sys/fs/cgroup").filter { name in
      access("/sys/fs/cgroup/\(name)/keystone-\(id)", F_OK) == 0
    }
    #expect(left.isEmpty && access("/sys/fs/cgroup/keystone-\(id)", F_OK) != 0)
  }
}
