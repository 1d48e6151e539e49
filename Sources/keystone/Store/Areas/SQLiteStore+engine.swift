internal import FoundationEssentials
internal import GRDB
public import KeystoneExperiment
public import KeystoneKit

extension SQLiteStore: EngineStore {
  /// Begins a run of an experiment: `scenarios` are queued, those of an earlier run are gone, and it is `running`.
  ///
  /// - Throws: ``StoreFailure`` of code `conflict` when it is running already, `notFound` when there is none.
  public func begin(_ experiment: String, scenarios: [PlannedScenario]) async throws {
    try await write { database in
      try database.execute(
        sql: """
          UPDATE experiments SET status = 'running', run = run + 1, total = ?, ran_at = \(Self.now), closed_at = NULL,
            results = NULL
          WHERE id = ? AND status <> 'running'
          """,
        arguments: [scenarios.count, experiment])
      guard database.changesCount == 1 else {
        let isKnown = try Bool.fetchOne(
          database, sql: "SELECT EXISTS (SELECT 1 FROM experiments WHERE id = ?)", arguments: [experiment])
        throw isKnown == true
          ? StoreFailure(.conflict, "The experiment \(experiment) is running; wait for its end or cancel it.")
          : StoreFailure(.notFound, "There is no experiment \(experiment); create it first.")
      }
      try database.execute(sql: "DELETE FROM scenarios WHERE experiment_id = ?", arguments: [experiment])
      for scenario in scenarios { try scenario.insert(database, experiment: experiment) }
    }
  }

  /// The ids of the experiments of the daemon that are running, the oldest first.
  public func unfinishedExperiments() async throws -> [String] {
    try await read { database in
      try String.fetchAll(
        database, sql: "SELECT id FROM experiments WHERE status = 'running' AND owner <> '' ORDER BY ran_at, rowid")
    }
  }

  /// All scenarios of an experiment, in their order.
  public func planned(_ experiment: String) async throws -> [PlannedScenario] {
    try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM scenarios WHERE experiment_id = ? ORDER BY ordinal", arguments: [experiment]
      ).map(PlannedScenario.init)
    }
  }

  /// What results are computed from: for each scenario that is done its result without texts, in their order.
  public func figures(of experiment: String) async throws -> [JSONValue] {
    try await read { database in
      let rows = try String.fetchCursor(
        database,
        sql: """
          SELECT coalesce(figures, result) FROM scenarios WHERE experiment_id = ? AND status = 'done' ORDER BY ordinal
          """,
        arguments: [experiment])
      var figures: [JSONValue] = []
      while let text = try rows.next() { figures.append(try JSONValue(parsing: text)) }
      return figures
    }
  }

  /// Queues again what an instance was running that is known to have ended.
  public func queueAgain(abandonedBy instance: String) async throws { _ = try await requeue(abandonedBy: instance) }
}
