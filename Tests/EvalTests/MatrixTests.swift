import KeystoneKit
import Testing

/// What differs between the runs of one spec, and how one of them is run again.
@Suite(.timeLimit(.minutes(15)))
struct MatrixTests {
  @Test func valuesReachTemplatesTheEnvironmentAndTheModel() async throws {
    var spec = EvalSpec(
      agent: "cat; echo; echo \"$KEYSTONE_PARAM_HTTP_MODE|$KEYSTONE_PARAM_N|$KEYSTONE_AGENT_MODEL|{{ matrix.n }}\"",
      checks: [
        "content": Check.file("n.txt", contains: "n is {{ matrix.n }}"),
        "variable": Check.command(
          "test \"$KEYSTONE_PARAM_N\" = {{ matrix.n }} && test $MODE = '{{ matrix.http-mode }}'"),
        "python": Check.python("print(json.dumps(dict(passed=data['scenario']['parameters']['n'] > 0)))"),
      ])
    spec["task.prompt"] = "Count to {{ matrix.n }} with {{ matrix.model }}."
    spec["agent.model"] = "of-the-agent"
    spec["setup.env"] = ["MODE": "{{ matrix.http-mode }}"]
    spec["setup.files"] = [["path": "n.txt", "content": "n is {{ matrix.n }}"]]
    spec["setup.commands"] = ["grep -q {{ matrix.n }} n.txt"]
    spec["parallelism.matrix"] = [
      ["n": 1, "http-mode": "fast", "model": "large"], ["n": 2.5, "http-mode": "slow", "model": "small"],
    ]
    let run = try await Workspace().evaluate(spec)
    #expect(run.exitCode == 0 && run.results["total_scenarios"] == 2, "\(run.outcome)")
    let outputs = run.scenarios.map(\.agentOutput)
    #expect(
      outputs == [
        "Count to 1 with large.\nfast|1|large|1\n", "Count to 2.5 with small.\nslow|2.5|small|2.5\n",
      ])
    #expect(run.groups.map { $0["parameters"]?["n"]?.double } == [1, 2.5])
    #expect(run.scenarios.map { $0["parameters"]?["http-mode"] } == ["fast", "slow"])
  }

  @Test func withoutAMatrixTheAgentsOwnModelCounts() async throws {
    var spec = EvalSpec(agent: "echo \"$KEYSTONE_AGENT_MODEL:${KEYSTONE_PARAM_MODEL-none}\"")
    spec["agent.model"] = "own"
    let run = try await Workspace().evaluate(spec)
    #expect(try run.scenario().agentOutput == "own:none\n")
  }

  @Test func replicasHaveSeedsOfTheirOwnWhichAreTheSameNextTime() async throws {
    var spec = EvalSpec(agent: "echo $KEYSTONE_SEED")
    spec["parallelism.replicas"] = 4
    spec["determinism.seed"] = 42
    let workspace = try Workspace()
    let (first, second) = (try await workspace.evaluate(spec), try await workspace.evaluate(spec))
    let seeds = first.scenarios.compactMap { $0["seed"]?.int }
    #expect(Set(seeds).count == 4, "\(first.outcome)")
    #expect(seeds.first == 42 && first.results["seed"] == 42)
    #expect(first.scenarios.map(\.agentOutput) == seeds.map { "\($0)\n" })
    #expect(second.scenarios.map { $0["seed"]?.int } == seeds)
    let other = try await workspace.evaluate(spec, ["--seed", "7", "--replicas", "2"])
    #expect(other.results["seed"] == 7 && other.scenarios.count == 2, "\(other.outcome)")
    let others = other.scenarios.compactMap { $0["seed"]?.int }
    #expect(!others.contains { seeds.contains($0) })
  }

  @Test func aSpecWithoutSeedSaysWhichOneItGot() async throws {
    let spec = EvalSpec(agent: "echo $KEYSTONE_SEED")
    let workspace = try Workspace()
    let first = try await workspace.evaluate(spec)
    let seed = try #require(first.results["seed"]?.int)
    let again = try await workspace.evaluate(spec, ["--seed", "\(seed)"])
    #expect(try again.scenario().agentOutput == "\(seed)\n")
    let other = try await workspace.evaluate(spec)
    #expect(other.results["seed"]?.int != seed)
  }

  @Test func aNegativeSeedIsASeed() async throws {
    let run = try await Workspace().evaluate(EvalSpec(agent: "echo $KEYSTONE_SEED; false"), ["--seed=-5"])
    #expect(try run.scenario().agentOutput == "-5\n", "\(run.outcome)")
  }

  @Test func onlyTheNamedScenariosRun() async throws {
    var spec = EvalSpec(agent: "echo $KEYSTONE_PARAM_N $KEYSTONE_SEED")
    spec["parallelism"] = ["replicas": 3, "matrix": [["n": 1], ["n": 2]]]
    spec["determinism.seed"] = 1
    let workspace = try Workspace()
    let all = try await workspace.evaluate(spec)
    let some = try await workspace.evaluate(spec, ["--only", "c2-r3", "--only", "c1-r2"])
    #expect(some.results["total_scenarios"] == 2, "\(some.outcome)")
    #expect(some.scenarios.map { $0["scenario_id"] } == ["c1-r2", "c2-r3"])
    for id in ["c1-r2", "c2-r3"] {
      let (one, same) = (try some.scenario(id), try all.scenario(id))
      #expect(one.agentOutput == same.agentOutput && one["seed"] == same["seed"])
    }
    let none = try await workspace.run(["eval", "run", "spec.yaml", "--only", "c3-r1"])
    #expect(none.exitCode == 2 && none.stderr.contains("c3-r1") && none.stderr.contains("c2-r3"), "\(none)")
    let partly = try await workspace.run(["eval", "run", "spec.yaml", "--only", "c1-r1", "--only", "c9-r9"])
    #expect(partly.exitCode == 2 && partly.stderr.contains("c9-r9"), "\(partly)")
  }

  @Test func theReproducerRunsExactlyThatScenario() async throws {
    var spec = EvalSpec(
      agent: "echo $KEYSTONE_PARAM_N $KEYSTONE_SEED $KEYSTONE_REPLICA",
      checks: ["unlucky": Check.command("test $KEYSTONE_PARAM_N$KEYSTONE_REPLICA != 21")])
    spec["parallelism"] = ["replicas": 2, "matrix": [["n": 1], ["n": 2]]]
    let workspace = try Workspace()
    let file = try workspace.write(spec, to: "it's a spec.yaml")
    let run = try await workspace.evaluate(file: file, ["--replicas", "3", "--runtime", "local"])
    let failed = run.scenarios.filter { $0.status == "fail" }
    #expect(failed.map { $0["scenario_id"] } == ["c2-r2"], "\(run.outcome)")
    let reproducer = try #require(failed.first?["reproducer"])
    #expect(reproducer["spec_file"]?.string == file && reproducer["scenario_id"] == "c2-r2")
    #expect(reproducer["seed"] == failed[0]["seed"] && reproducer["parameters"] == ["n": 2])
    #expect(run.scenarios.allSatisfy { ($0["reproducer"] == nil) == ($0.status == "pass") })
    let command = try #require(reproducer["command"]?.string)
    let again = await (try workspace.shell("\(command) --format json")).outcome()
    let results = try JSONValue(parsing: again.stdout)
    #expect(again.exitCode == 1 && results["scenarios"]?.array?.count == 1, "\(again)")
    let scenario = try #require(results["scenarios"]?.array?.first)
    for member in ["scenario_id", "parameters", "replica", "seed", "agent_output", "status", "composite_score"] {
      #expect(scenario[member] == failed[0][member], "\(member)")
    }
  }

  @Test func noMoreScenariosRunAtATimeThanAllowed() async throws {
    var spec = EvalSpec(agent: "date +%s%N; sleep 0.2; date +%s%N")
    spec["parallelism"] = ["replicas": 6, "concurrency": 2]
    let workspace = try Workspace()
    func most(_ run: Evaluation) -> Int {
      let spans = run.scenarios.compactMap { $0.agentOutput?.split(separator: "\n").compactMap { Int($0) } }
      return spans.map { span in spans.count { $0[0] <= span[0] && span[0] < $0[1] } }.max() ?? 0
    }
    let asWritten = try await workspace.evaluate(spec)
    let alone = try await workspace.evaluate(spec, ["--concurrency", "1"])
    let together = try await workspace.evaluate(spec, ["--concurrency", "6"])
    spec["resources.concurrency_limit"] = 1
    let limited = try await workspace.evaluate(spec, ["--concurrency", "6"])
    #expect(most(asWritten) <= 2 && most(alone) == 1 && most(together) > 2 && most(limited) == 1)
  }
}
