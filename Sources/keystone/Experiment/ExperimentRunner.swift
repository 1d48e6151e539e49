package import KeystoneKit
package import KeystoneSandbox

/// Runs the scenarios of an experiment, some at a time, and keeps every verdict in the store.
package struct ExperimentRunner: Sendable {
  /// What happens while an experiment runs.
  package enum Event: Sendable {
    /// A scenario does something.
    case step(PlannedScenario, SandboxStep)
    /// A scenario has its verdict, which is kept.
    case finished(PlannedScenario, ScenarioResult)
  }

  let environment: RunEnvironment
  let store: any ExperimentStore
  let concurrency: Int
  let reproducer: Reproducer
  let observe: @Sendable (Event) -> Void

  /// A runner.
  ///
  /// - Parameters:
  ///   - environment: What all scenarios share.
  ///   - store: Where verdicts are kept.
  ///   - concurrency: How many scenarios run at a time.
  ///   - reproducer: How a scenario is run again.
  ///   - observe: Is told what happens, on any thread.
  package init(
    environment: RunEnvironment, store: any ExperimentStore, concurrency: Int, reproducer: Reproducer,
    observe: @escaping @Sendable (Event) -> Void
  ) {
    self.environment = environment
    self.store = store
    self.concurrency = max(1, concurrency)
    self.reproducer = reproducer
    self.observe = observe
  }

  /// Runs `scenarios`, which the store holds as queued; cancelling the task stops them and leaves nothing behind.
  ///
  /// - Returns: The results of those that are done, whether this run or an earlier one did them.
  package func run(_ scenarios: [PlannedScenario], of experiment: ExperimentRecord) async throws -> [JSONValue] {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var waiting = scenarios[...]
      for scenario in waiting.prefix(concurrency) { group.addTask { try await run(scenario, of: experiment.id) } }
      waiting = waiting.dropFirst(concurrency)
      while try await group.next() != nil {
        if let scenario = waiting.popFirst() { group.addTask { try await run(scenario, of: experiment.id) } }
      }
    }
    return try await store.results(of: experiment.id)
  }

  private func run(_ scenario: PlannedScenario, of experiment: String) async throws {
    try Task.checkCancellation()
    let sandboxID = Identifier.random(prefix: "sb-")
    try await store.start(scenario.id, of: experiment, sandbox: sandboxID, instance: environment.instance)
    let runner = ScenarioRunner(environment: environment, scenario: scenario, sandboxID: sandboxID) { step in
      observe(.step(scenario, step))
    }
    let result = try await runner.run()
    try await store.finish(scenario.id, of: experiment, result: result.json(reproducer: reproducer))
    observe(.finished(scenario, result))
  }
}

/// Ids that are unique without asking anybody.
package enum Identifier {
  /// `prefix` and 12 hexadecimal digits.
  package static func random(prefix: String) -> String {
    let digits = String(UInt64.random(in: 0..<1 << 48), radix: 16)
    return prefix + String(repeating: "0", count: 12 - digits.count) + digits
  }
}
