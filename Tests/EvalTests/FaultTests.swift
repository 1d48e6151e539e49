import Glibc
import KeystoneKit
import Testing

/// Agents that mean harm get their verdicts in time, side by side, and leave nothing.
@Suite(.timeLimit(.minutes(15)))
struct FaultTests {
  private static let agents: [(name: String, script: String)] = [
    // A shell that cannot fork ends, so the bomb has one of its own.
    ("bomb", "bomb() { bomb | bomb & }; (bomb); while :; do :; done"),
    ("daemon", "(setsid sh -c '(setsid sh -c \"trap : TERM HUP; while :; do sleep 1; done\" &)' &); sleep 100"),
    ("flood", "exec cat /dev/zero"),
    ("bytes", "while :; do printf '\\377\\376\\000\\303('; done"),
    ("emptied", "rm -rf /workspace/* /workspace; mv /workspace /tmp/w; sleep 100"),
    ("clock", "date -s @0; while :; do touch -d @0 f; done"),
    ("full", "while :; do cat /dev/zero >big; done"),
    ("deep", "while mkdir d && cd d; do :; done; sleep 100"),
  ]

  @Test(arguments: Operator.possible)
  func thirtyTwoHostileAgentsAtOnceEndInTime(_ who: Operator) async throws {
    var spec = EvalSpec(
      agent:
        "case $KEYSTONE_PARAM_CASE in \(Self.agents.map { "\($0.name)) \($0.script) ;;" }.joined(separator: "\n")) esac"
    )
    spec["agent.timeout"] = "3s"
    spec["resources.pids"] = 48
    spec["resources.memory"] = "128Mi"
    spec["resources.disk"] = "32Mi"
    spec["forbidden"] = ["file_writes_outside": ["src/"]]
    spec["audit.process_spawns"] = true
    spec["parallelism.matrix"] = .array(Self.agents.map { ["case": .string($0.name)] })
    let run = try await who.workspace().evaluate(
      spec, ["--replicas", "4", "--concurrency", "32"], timeout: .seconds(300))
    #expect(run.scenarios.count == 32)
    for scenario in run.scenarios {
      let name = scenario["parameters"]?["case"]?.string ?? ""
      #expect(scenario.status == "error", "\(name): \(scenario.pretty())")
      let error = scenario.error ?? ""
      let isInTime = ["timeout", "memory", "disk", "wrote more than"].contains { error.contains($0) }
      #expect(isInTime, "\(name): \(error)")
      // What was recorded until the end is whole; on a busy machine an agent's time may be over before it begins.
      guard scenario["audit"]?["records"] != 0 else { continue }
      let log = "\(scenario["artifacts"]?.string ?? "")/audit.jsonl"
      let head = scenario["audit"]?["sha256"]?.string ?? ""
      let verified = try await run.workspace.run(["audit", "verify", log, "--head", head])
      #expect(verified.exitCode == 0, "\(name): \(verified)")
    }
  }
}
