import KeystoneKit
import KeystoneSpec
import Testing

@testable import KeystoneExperiment

/// How a spec becomes scenarios, and which seeds they get.
@Suite struct ExperimentPlanTests {
  func spec(_ parallelism: String) throws -> Spec {
    let text = """
      version: 1
      id: plan
      base: "debian:12"
      task: {prompt: Do it.}
      agent: {type: none}
      invariants: {done: {check: {type: none}}}
      parallelism: \(parallelism)

      """
    let types = [ExtensionPoint.agent, .invariant].map {
      TypeSchema(point: $0, type: "none", description: "None.", parameters: [:], plugin: "none")
    }
    let (spec, diagnostics) = SpecSchema(types: types).check(Array(text.utf8), file: "plan.yaml")
    return try #require(spec, "\(diagnostics.map(\.rendered))")
  }

  @Test func withoutParallelismThereIsOneRun() throws {
    let scenarios = ExperimentPlan.scenarios(try spec("{}"), replicas: nil, seed: 42)
    let only = PlannedScenario(id: "c1-r1", ordinal: 0, cell: 0, replica: 0, parameters: [:], seed: 42)
    #expect(scenarios == [only])
  }

  @Test func theMatrixTimesTheReplicasAreRunInDocumentOrder() throws {
    let matrix = "{replicas: 5, matrix: [{m: c, n: 1}, {m: a, n: 2}, {m: b, n: 3}]}"
    let scenarios = ExperimentPlan.scenarios(try spec(matrix), replicas: nil, seed: 1)
    #expect(scenarios.count == 15 && scenarios.map(\.ordinal) == Array(0..<15))
    #expect(scenarios.map(\.id) == (1...3).flatMap { cell in (1...5).map { "c\(cell)-r\($0)" } })
    #expect(scenarios.map(\.cell) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    #expect(scenarios[5].parameters == ["m": "a", "n": 2])
  }

  @Test func theCommandLineReplacesTheReplicas() throws {
    let ids = ExperimentPlan.scenarios(try spec("{replicas: 5}"), replicas: 2, seed: 1).map(\.id)
    #expect(ids == ["c1-r1", "c1-r2"])
  }

  @Test func replicasHaveSeedsOfTheirOwnThatAreTheSameEachTimeAndInEachCell() throws {
    let spec = try spec("{replicas: 50, matrix: [{m: a}, {m: b}]}")
    let scenarios = ExperimentPlan.scenarios(spec, replicas: nil, seed: 42)
    #expect(scenarios == ExperimentPlan.scenarios(spec, replicas: nil, seed: 42))
    let seeds = scenarios.prefix(50).map(\.seed)
    #expect(Set(seeds).count == 50 && scenarios.suffix(50).map(\.seed) == seeds)
    let others = ExperimentPlan.scenarios(spec, replicas: nil, seed: 43).prefix(50).map(\.seed)
    #expect(Set(others).isDisjoint(with: seeds))
  }

  @Test func aReplicaKeepsItsSeedWhenThereAreMoreOrFewerOfThem() throws {
    let few = ExperimentPlan.scenarios(try spec("{replicas: 3}"), replicas: nil, seed: 7)
    let many = ExperimentPlan.scenarios(try spec("{replicas: 3}"), replicas: 30, seed: 7)
    #expect(few.map(\.seed) == many.prefix(3).map(\.seed))
  }

  @Test func derivedSeedsFit31BitsWhateverTheExperimentsSeedIs() {
    for seed in [Int64.min, -1, 0, 1, 42, .max] {
      let derived = (1...1_000).map { ExperimentPlan.seed(seed, replica: $0) }
      #expect(derived.allSatisfy { 0 <= $0 && $0 < 1 << 31 } && Set(derived).count > 990)
      #expect(ExperimentPlan.seed(seed, replica: 0) == seed)
    }
  }
}
