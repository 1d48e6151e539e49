package import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneSpec
package import KeystoneStore
package import Logging

/// Evaluates alert rules as runs complete, and tells their notifiers.
///
/// What fires is in the store before it is told, together with the mark that the run was evaluated: a crash in between
/// neither loses an alert nor makes a second one. A delivery that fails for a reason that may pass is tried again after
/// 1, 4, 16, 64 and 256 seconds with the same id.
package struct AlertService: Sendable {
  private static let delays: [Duration] = [1, 4, 16, 64, 256].map { .seconds($0) }

  private let store: SQLiteStore
  private let host: CurrentHost
  private let secrets: ExperimentEngine.SecretSource
  private let logger: Logger
  private let completions: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  /// A service that works once ``run()`` is called.
  package init(
    store: SQLiteStore, host: CurrentHost, secrets: @escaping ExperimentEngine.SecretSource, logger: Logger
  ) {
    self.store = store
    self.host = host
    self.secrets = secrets
    self.logger = logger
    // What completed is in the store; one call is enough for any number of runs.
    (completions, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Is told that a run of an experiment is complete.
  package func completed() { wake.yield() }

  /// Works until the task is cancelled, and begins with what an earlier daemon left.
  package func run() async throws {
    let left = try await store.waitingDeliveries()
    await withDiscardingTaskGroup { group in
      for delivery in left { group.addTask { await deliver(delivery) } }
      wake.yield()
      for await _ in completions {
        for delivery in await evaluate() { group.addTask { await deliver(delivery) } }
      }
    }
  }

  /// Evaluates whatever run was not yet, and answers what fired.
  private func evaluate() async -> [AlertDelivery] {
    do {
      var fired: [AlertDelivery] = []
      for run in try await store.unevaluatedRuns() {
        let deliveries = try await firing(run)
        if try await store.evaluated(run, firing: deliveries) { fired += deliveries }
      }
      return fired
    } catch {
      logger.error("alerts could not be evaluated", metadata: ["error": "\(error)"])
      return []
    }
  }

  private func firing(_ run: CompletedRun) async throws -> [AlertDelivery] {
    let documents = try await store.documents(DocumentFilter(.alert, in: run.workspace))
    let own = documents.compactMap { document -> AlertRule? in
      var rule = try? AlertRule(document.body)
      rule?.id = document.id
      return rule
    }
    var deliveries: [AlertDelivery] = []
    for rule in own + (try await declared(run)) where rule.watches(run.specID) {
      guard let value = AlertThreshold(rule.condition)?.firing(in: try await metrics(rule, run)) else { continue }
      let alert = Alert(
        id: Identifier.random(prefix: "alert-"), ruleID: rule.id ?? "", name: rule.name, condition: rule.condition,
        value: value, specID: run.specID, experimentID: run.experiment, firedAt: UTCClock.now())
      deliveries.append(
        AlertDelivery(
          workspace: run.workspace, rule: alert.ruleID, notifier: rule.notifier, alert: alert,
          parameters: .object(rule.parameters)))
    }
    return deliveries
  }

  /// The rules that the spec of the run declares itself.
  private func declared(_ run: CompletedRun) async throws -> [AlertRule] {
    guard let record = try await store.experiment(run.experiment),
      let spec = await SpecReading.check(
        Array(record.spec.utf8), file: record.specFile, registry: host.now.registry
      ).spec
    else { return [] }
    return spec.alerts.enumerated().map { index, alert in
      AlertRule(
        id: "\(spec.id)/alerts[\(index)]", name: alert.name, condition: alert.condition,
        evalID: alert.evalID ?? spec.id, window: alert.window.flatMap { AlertWindow($0) }, notifier: alert.notifier,
        parameters: alert.parameters.object ?? [:])
    }
  }

  private func metrics(_ rule: AlertRule, _ run: CompletedRun) async throws -> JSONValue {
    let runs: [CompletedRun]
    switch rule.window {
    case nil: return run.metrics
    case .runs(let count): runs = try await store.completedRuns(of: run.specID, in: run.workspace, latest: count)
    case .hours(let hours):
      runs = try await store.completedRuns(of: run.specID, in: run.workspace, latest: 10_000, hours: hours)
    }
    return AlertMetrics.mean(of: runs.map(\.metrics))
  }

  private func deliver(_ delivery: AlertDelivery) async {
    do {
      let record = try await store.experiment(delivery.experiment)
      let values = if let record { try await secrets(record) } else { [String: String]() }
      for attempt in delivery.attempts...max(delivery.attempts, Self.delays.count) {
        if attempt > 0 { try await Task.sleep(for: Self.delays[min(attempt, Self.delays.count) - 1]) }
        let host = host.now
        let messenger = AlertMessenger(
          registry: host.registry, secrets: values, outbound: host.outbound, log: host.log)
        let failure = await messenger.send(delivery.alert, by: delivery.notifier, delivery.parameters)
        try Task.checkCancellation()
        let isLast = failure?.retryable != true || attempt >= Self.delays.count
        try await store.attempted(
          delivery.id, status: failure == nil ? "delivered" : isLast ? "failed" : "waiting", error: failure?.message)
        if isLast { return }
      }
    } catch is CancellationError {
      // It waits in the store for the next daemon.
    } catch {
      logger.error("an alert could not be delivered", metadata: ["id": "\(delivery.id)", "error": "\(error)"])
    }
  }
}
