import KeystoneKit
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
  let admission: any ScenarioAdmission
  let observe: @Sendable (Event) -> Void

  /// A runner.
  ///
  /// - Parameters:
  ///   - environment: What all scenarios share.
  ///   - store: Where verdicts are kept.
  ///   - concurrency: How many scenarios run at a time.
  ///   - reproducer: How a scenario is run again.
  ///   - admission: Lets scenarios in where several experiments share a machine.
  ///   - observe: Is told what happens, on any thread.
  package init(
    environment: RunEnvironment, store: any ExperimentStore, concurrency: Int, reproducer: Reproducer,
    admission: any ScenarioAdmission = FreeAdmission(), observe: @escaping @Sendable (Event) -> Void
  ) {
    self.environment = environment
    self.store = store
    self.concurrency = max(1, concurrency)
    self.reproducer = reproducer
    self.admission = admission
    self.observe = observe
  }

  /// Runs `scenarios`, which the store holds as queued; cancelling the task stops them and leaves nothing behind.
  package func run(_ scenarios: [PlannedScenario], of experiment: ExperimentRecord) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var waiting = scenarios[...]
      for scenario in waiting.prefix(concurrency) { group.addTask { try await run(scenario, of: experiment.id) } }
      waiting = waiting.dropFirst(concurrency)
      while try await group.next() != nil {
        if let scenario = waiting.popFirst() { group.addTask { try await run(scenario, of: experiment.id) } }
      }
    }
  }

  private func run(_ scenario: PlannedScenario, of experiment: String) async throws {
    try await admission.enter()
    defer { admission.leave() }
    try Task.checkCancellation()
    let sandboxID = Identifier.random(prefix: "sb-")
    let attempt = try await store.start(
      scenario.id, of: experiment, sandbox: sandboxID, instance: environment.instance)
    let runner = ScenarioRunner(
      environment: environment, scenario: scenario, sandboxID: sandboxID,
      trace: { [store] in try await store.trace(ofSandbox: sandboxID, after: $0, limit: 500) },
      progress: { observe(.step(scenario, $0)) })
    let result = try await runner.run()
    if let artifacts = result.artifacts {
      try await store.keepAudit(
        "\(artifacts)/audit.jsonl", ofSandbox: sandboxID, of: experiment, snapshot: result.snapshot?.manifest.id)
    }
    let figures = try await store.traceFigures(ofSandbox: sandboxID)
    let json = result.json(reproducer: reproducer, attempt: attempt).adding(figures)
    try await store.finish(scenario.id, of: experiment, result: json)
    observe(.finished(scenario, result))
  }
}

/// Lets scenarios in, one by one, where there is not room for all.
package protocol ScenarioAdmission: Sendable {
  /// Waits until there is room for one scenario; throws when the task is cancelled.
  func enter() async throws
  /// Says that a scenario that was let in has ended.
  func leave()
}

/// Room for everybody, as in a command that has the machine to itself.
package struct FreeAdmission: ScenarioAdmission {
  package init() {}
  package func enter() async throws {}
  package func leave() {}
}

/// Ids that are unique without asking anybody.
package enum Identifier {
  /// `prefix` and 12 hexadecimal digits.
  package static func random(prefix: String) -> String {
    let digits = String(UInt64.random(in: 0..<1 << 48), radix: 16)
    return prefix + String(repeating: "0", count: 12 - digits.count) + digits
  }
}
