import KeystoneExperiment
import KeystoneKit
import KeystoneStore

/// Times what the store does for an experiment of 200 scenarios.
struct StoreChanges {
  let file: String
  private let count = 200

  /// Milliseconds for all of them, one after another and eight at a time.
  func run() async throws -> JSONValue {
    let store = try await SQLiteStore.open(file)
    return [
      "scenarios": .integer(Int64(count)), "finish_one_after_another": try await finish(store, "exp-one", atATime: 1),
      "finish_eight_at_a_time": try await finish(store, "exp-eight", atATime: 8),
    ]
  }

  private func finish(_ store: SQLiteStore, _ id: String, atATime width: Int) async throws -> JSONValue {
    try await store.create(experiment(id), scenarios: (0..<count).map(scenario))
    let start = ContinuousClock.now
    try await withThrowingTaskGroup { group in
      for worker in 0..<width {
        group.addTask {
          for index in stride(from: worker, to: count, by: width) {
            try await store.start("c0-r\(index)", of: id, sandbox: "sb-\(index)", instance: "i-benchmark")
            try await store.finish("c0-r\(index)", of: id, result: Self.result)
          }
        }
      }
      try await group.waitForAll()
    }
    return ["wall_ms": .number((start.duration(to: .now) / .milliseconds(1)).rounded(toPlaces: 2))]
  }

  private func experiment(_ id: String) -> ExperimentRecord {
    ExperimentRecord(
      id: id, name: "benchmark", specID: "benchmark", specFile: "benchmark.yaml", spec: "version: 1\n", seed: 1,
      status: "created", createdAt: "2026-01-02T03:04:05Z")
  }

  private func scenario(_ index: Int) -> PlannedScenario {
    PlannedScenario(id: "c0-r\(index)", ordinal: index, cell: 0, replica: index, parameters: [:], seed: 1)
  }

  /// About as large as the result of three checks.
  private static let result: JSONValue = [
    "status": "pass", "composite_score": 1.0, "agent_output": .string(String(repeating: "output ", count: 20)),
    "invariants": .array(
      ["there", "content", "exit"].map { name in
        ["name": .string(name), "passed": true, "score": 1.0, "reason": "the file is there and it is right"]
      }),
  ]
}
