import Glibc
import KeystoneKit
import Testing

/// Sandboxes that are containers.
@Suite(TestEngine.isThere, .timeLimit(.minutes(15)))
struct ContainerTests {
  @Test func theAgentIsAloneInAnUnprivilegedContainer() async throws {
    let spec = EvalSpec(
      agent: """
        pwd; id -u; hostname
        grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status
        cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '
        mv /run /run2 2>/dev/null || echo fixed
        echo x 2>/dev/null >/run/keystone/protected/x || echo read-only
        ls /run/keystone/control 2>/dev/null || echo gone
        kill -TERM 1; kill -KILL 1; umount /run/keystone 2>/dev/null || echo mounted
        touch /usr/bin/added && echo writable
        """, checks: ["there": Check.exists("/usr/bin/added")])
    let run = try await Workspace().evaluate(spec, in: .docker)
    let scenario = try run.scenario()
    #expect(scenario.status == "pass", "\(run.outcome)")
    let lines = (scenario.agentOutput ?? "").split(separator: "\n").map(String.init)
    #expect(
      lines == [
        "/workspace", "0", "keystone", "CapEff:\t00000000000000fb", "NoNewPrivs:\t1", "lo", "fixed", "read-only",
        "gone",
        "mounted", "writable",
      ])
    let environment = scenario["environment"]
    #expect(environment?["isolation"] == "container" && environment?["base"] == "honoured")
    #expect(environment?["network"] == "gateway" && environment?["runtime"] == "docker")
  }

  @Test func exitCodesSignalsStreamsAndInputPass() async throws {
    var spec = EvalSpec(agent: "cat; echo err >&2; if test $KEYSTONE_REPLICA = 0; then exit 3; else kill -9 $$; fi")
    spec["parallelism.replicas"] = 2
    let run = try await Workspace().evaluate(spec, in: .docker)
    let (exited, killed) = (try run.scenario("c1-r1"), try run.scenario("c1-r2"))
    #expect(exited["exit_code"] == 3 && killed["signal"] == 9, "\(run.outcome)")
    #expect(exited.agentOutput == "Do it." && exited["agent_stderr"] == "err\n")
  }

  @Test func anImageThatDoesNotExistIsNamed() async throws {
    var spec = EvalSpec(agent: "true")
    spec["base"] = "127.0.0.1:1/no/such-image:9"
    let run = try await Workspace().evaluate(spec, in: .docker)
    let scenario = try run.scenario()
    #expect(scenario.status == "error" && run.exitCode == 3, "\(run.outcome)")
    #expect(scenario.error?.contains("image 127.0.0.1:1/no/such-image:9 not found") == true, "\(run.outcome)")
    let detail = scenario["status_detail"]
    #expect(detail?["reason"] == "IMAGE_PULL_ERROR" && detail?["message"] == scenario["error"], "\(run.outcome)")
  }

  @Test func memoryProcessesAndDiskAreLimited() async throws {
    var hungry = EvalSpec(agent: "python3 -c 'x = bytearray(600 << 20); print(len(x))'")
    hungry["resources.memory"] = "128Mi"
    let run = try await Workspace().evaluate(hungry, in: .docker)
    let scenario = try run.scenario()
    #expect(scenario.status == "error" && scenario.error?.contains("limit of memory") == true, "\(run.outcome)")
    #expect(scenario["status_detail"]?["reason"] == "RESOURCE_LIMIT_EXCEEDED", "\(run.outcome)")
    var many = EvalSpec(agent: "for i in $(seq 60); do sleep 5 & done; wait")
    many["resources.pids"] = 30
    let forked = try await Workspace().evaluate(many, in: .docker)
    #expect(try forked.scenario()["agent_stderr"]?.string?.contains("fork") == true, "\(forked.outcome)")
    var large = EvalSpec(agent: "head -c 200M /dev/zero >big; sleep 30")
    large["resources.disk"] = "50Mi"
    let written = try await Workspace().evaluate(large, in: .docker)
    #expect(try written.scenario().error?.contains("limit of disk") == true, "\(written.outcome)")
  }

  @Test func filesOfSetupFixturesAndChecksAreTheContainers() async throws {
    var spec = EvalSpec(
      agent: "cat given.txt > copied.txt; printf done >> copied.txt; python3 -c 'print(6 * 7)'",
      checks: [
        "copied": Check.file("copied.txt", contains: "givendone"),
        "code": Check.python("print(json.dumps(dict(passed=data['exit_code'] == 0, reason='asked')))"),
      ])
    spec["setup.files"] = [["path": "given.txt", "content": "given"]]
    spec["setup.commands"] = ["test -f given.txt"]
    spec["forbidden.file_writes_outside"] = ["copied.txt"]
    let run = try await Workspace().evaluate(spec, in: .docker)
    #expect(try run.scenario().status == "pass", "\(run.outcome)")
  }

  @Test func anAgentThatIsAnImageWorksInTheWorkspaceAndOnTheNetwork() async throws {
    var spec = EvalSpec(
      checks: [
        "made": Check.file("made.txt", contains: "by the image"),
        "alone": Check.command("test ! -e /only-in-the-image"),
      ])
    let line = """
      cat; pwd; cat given.txt; getent hosts cache | cut -c1-7; touch /only-in-the-image; echo by the image > made.txt
      """
    spec["agent"] = [
      "type": "image", "image": .string(TestEngine.debian), "args": ["sh", "-c", .string(line)], "timeout": "50s",
    ]
    spec["setup.files"] = [["path": "given.txt", "content": "given\n"]]
    spec["services"] = [["name": "cache", "image": World.docker.image("redis:7"), "ports": [6379]]]
    let run = try await Workspace().evaluate(spec, in: .docker)
    let scenario = try run.scenario()
    #expect(scenario.status == "pass", "\(run.outcome)")
    #expect(scenario.agentOutput == "Do it./workspace\ngiven\n198.18.\n", "\(run.outcome)")
    let local = try await Workspace().evaluate(spec.without("services"), in: .local)
    #expect(try local.scenario().error?.contains("needs a runtime that runs images") == true, "\(local.outcome)")
  }

  @Test func anEngineThatIsNotThereIsSaidWithWhatToDo() async throws {
    let workspace = try Workspace()
    try workspace.write(EvalSpec(agent: "true"))
    let outcome = try await workspace.run(
      ["eval", "run", "spec.yaml", "--runtime", "docker"],
      environment: ["DOCKER_HOST": "unix:///run/no-such-engine.sock"])
    #expect(
      outcome.exitCode == 3 && outcome.stderr.contains("there is no socket /run/no-such-engine.sock"), "\(outcome)")
    let automatic = try await workspace.run(
      ["eval", "run", "spec.yaml", "--format", "json"], environment: ["DOCKER_HOST": "unix:///run/no-such-engine.sock"])
    let results = try JSONValue(parsing: automatic.stdout)
    #expect(results["runtime"]?["type"] == "local", "\(automatic)")
    #expect(results["runtime"]?["reason"]?.string?.contains("docker: the Docker Engine cannot be reached") == true)
  }

  @Test func whatAKilledRunLeavesIsReapedByTheNext() async throws {
    let workspace = try Workspace()
    var spec = EvalSpec(agent: "sleep 600")
    spec["base"] = .string(TestEngine.debian)
    spec["services"] = [["name": "cache", "image": World.docker.image("redis:7"), "ports": [6379]]]
    try workspace.write(spec)
    let environment = ["DOCKER_HOST": TestEngine.address]
    let process = try await workspace.start(
      ["eval", "run", "spec.yaml", "--runtime", "docker"], environment: environment)
    var left: [String] = []
    let end = ContinuousClock.now + .seconds(60)
    while left.count < 3, ContinuousClock.now < end {
      left = try await TestEngine.leftovers(of: workspace)
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(left.count == 3, "an agent, a service and a network: \(left)")
    process.send(SIGKILL)
    _ = await process.outcome(within: .seconds(20))
    let next = try await workspace.evaluate(EvalSpec(agent: "true"), in: .docker)
    #expect(next.outcome.stderr.contains("removed 1 sandboxes"), "\(next.outcome)")
  }
}

extension EvalSpec {
  /// The spec without a member.
  fileprivate func without(_ name: String) -> EvalSpec {
    var spec = self
    spec[name] = nil
    return spec
  }
}
