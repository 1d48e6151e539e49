import KeystoneKit
import KeystoneSandbox
package import KeystoneSpec

/// Runs the experiments of a daemon from the durable queue in its store.
package actor ExperimentEngine {
  /// Finds the values of secrets that an experiment's caller forwarded or stored.
  package typealias SecretSource = @Sendable (ExperimentRecord) async throws -> [String: String]
  /// Is told that a run is complete and closed.
  package typealias Completion = @Sendable (_ experiment: String) async -> Void

  private let store: any EngineStore
  private let host: CurrentHost
  private let slots: SandboxSlots
  private let concurrency: Int
  private let secrets: SecretSource
  private let completion: Completion
  private var running: [String: Task<Void, Never>] = [:]
  private var cancelled: Set<String> = []
  private var isEnding = false

  /// An engine.
  ///
  /// - Parameters:
  ///   - store: The queue.
  ///   - host: What the scenarios run on.
  ///   - slots: Room for their sandboxes.
  ///   - concurrency: How many scenarios of one experiment run at a time when its spec does not say.
  ///   - secrets: Finds values of secrets.
  ///   - completion: Is told of every run that is complete.
  package init(
    store: any EngineStore, host: CurrentHost, slots: SandboxSlots, concurrency: Int,
    secrets: @escaping SecretSource, completion: @escaping Completion
  ) {
    self.store = store
    self.host = host
    self.slots = slots
    self.concurrency = concurrency
    self.secrets = secrets
    self.completion = completion
  }

  /// How many experiments run.
  package var count: Int { running.count }

  /// Begins a run; the queue is written down when this returns.
  ///
  /// - Parameters:
  ///   - record: The experiment.
  ///   - plan: Makes the scenarios of its spec.
  /// - Returns: How many scenarios there are.
  /// - Throws: ``UnusableSpec``, and what the store throws when it is running already.
  package func run(
    _ record: ExperimentRecord, plan: @Sendable (Spec) async throws -> [PlannedScenario]
  ) async throws -> Int {
    if isEnding { throw CancellationError() }
    let spec = try await host.now.usable(Array(record.spec.utf8), file: record.specFile)
    let scenarios = try await plan(spec)
    try await store.begin(record.id, scenarios: scenarios)
    launch(record.id, spec)
    return scenarios.count
  }

  /// Goes on with what an earlier process left unfinished.
  package func resume() async throws {
    for id in try await store.unfinishedExperiments() where running[id] == nil {
      guard let record = try await store.experiment(id) else { continue }
      do {
        let spec = try await host.now.usable(Array(record.spec.utf8), file: record.specFile)
        host.now.log("notice", "goes on with the experiment \(id)", [:])
        launch(id, spec)
      } catch {
        host.now.log("error", "cannot go on with the experiment \(id): \(error)", [:])
      }
    }
  }

  /// Stops a run and returns when its sandboxes are gone; what is done stays done.
  ///
  /// - Returns: Whether it was running.
  package func cancel(_ id: String) async -> Bool {
    guard let task = running[id] else { return false }
    cancelled.insert(id)
    task.cancel()
    await task.value
    return true
  }

  /// Stops everything without finishing it; the next process goes on.
  package func shutdown() async {
    isEnding = true
    let tasks = Array(running.values)
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    try? await store.queueAgain(abandonedBy: host.now.instance)
  }

  private func launch(_ id: String, _ spec: Spec) {
    let host = host.now
    running[id] = Task {
      await self.work(id, spec, host)
      self.running[id] = nil
    }
  }

  private func work(_ id: String, _ spec: Spec, _ host: EngineHost) async {
    do {
      guard let record = try await store.experiment(id) else { return }
      let runner = ExperimentRunner(
        environment: try await environment(record, spec, host), store: store, concurrency: bound(spec),
        reproducer: Reproducer(specFile: record.specFile, experimentSeed: record.seed, replicas: nil, flags: []),
        admission: SlotAdmission(slots: slots, owner: record.owner), observe: { _ in })
      try await runner.run(try await store.pending(id), of: record)
      try await close(record, spec, status: "completed")
      await completion(id)
    } catch {
      // Cancelled by its caller, or by the end of the process: then it stays in the queue.
      if cancelled.remove(id) != nil {
        await Task { await self.closeCancelled(id, spec) }.value
      } else if !isEnding {
        host.log("error", "the experiment \(id) was interrupted and is tried again at the next start: \(error)", [:])
      }
    }
  }

  private func closeCancelled(_ id: String, _ spec: Spec) async {
    do {
      guard let record = try await store.experiment(id) else { return }
      try await close(record, spec, status: "cancelled")
    } catch {
      host.now.log("error", "the experiment \(id) could not be closed: \(error)", [:])
    }
  }

  private func close(_ record: ExperimentRecord, _ spec: Spec, status: String) async throws {
    let results = RunResults(
      record: record, planned: try await store.planned(record.id), results: try await store.figures(of: record.id),
      strategy: spec.scoring.aggregation, ranAt: record.ranAt ?? record.createdAt)
    try await store.close(record.id, status: status, results: results.summary)
  }

  private func bound(_ spec: Spec) -> Int {
    let wanted = spec.parallelism.concurrency ?? concurrency
    return min(wanted, spec.resources.concurrencyLimit ?? wanted)
  }

  private func environment(
    _ record: ExperimentRecord, _ spec: Spec, _ host: EngineHost
  ) async throws -> RunEnvironment {
    var environment = RunEnvironment(
      spec: spec, specFolder: nil, registry: host.registry, runtime: host.runtime, instance: host.instance,
      sandboxesFolder: host.sandboxesFolder, artifactsFolder: "\(host.runsFolder)/\(record.id)/\(record.run)",
      forwardedSecrets: try await secrets(record), outbound: host.outbound, keepsSandboxes: false,
      registration: SandboxRegistration(
        directory: host.directory, owner: record.owner, workspace: record.workspace, experiment: record.id,
        socket: host.socket),
      snapshots: host.snapshots(record.workspace), log: host.log)
    environment.gateway = host.gateway
    environment.hasOpenSetup = host.hasOpenSetup
    return environment
  }
}

/// Lets the scenarios of one owner in as there is room on the machine.
private struct SlotAdmission: ScenarioAdmission {
  let slots: SandboxSlots
  let owner: String

  func enter() async throws { try await slots.take(owner) }
  func leave() { slots.give(owner) }
}
