public import KeystoneKit

/// What an engine that survives its process keeps, beyond what a single run does.
public protocol EngineStore: ExperimentStore {
  /// Begins a run of an experiment: `scenarios` are queued, those of an earlier run are gone, and it is `running`.
  ///
  /// Throws when it is running already.
  func begin(_ experiment: String, scenarios: [PlannedScenario]) async throws

  /// The ids of the experiments of the daemon that are running, the oldest first.
  func unfinishedExperiments() async throws -> [String]

  /// All scenarios of an experiment, in their order.
  func planned(_ experiment: String) async throws -> [PlannedScenario]

  /// What results are computed from: for each scenario that is done its result without texts, in their order.
  func figures(of experiment: String) async throws -> [JSONValue]

  /// Queues again what an instance was running that is known to have ended.
  func queueAgain(abandonedBy instance: String) async throws
}
