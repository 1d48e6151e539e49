internal import GRDB
public import KeystoneExperiment
public import KeystoneKit

extension SQLiteStore {
  /// The experiment, or `nil` when there is none of that id.
  public func experiment(_ id: String) async throws -> ExperimentRecord? {
    try await read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM experiments WHERE id = ?", arguments: [id])
        .map(ExperimentRecord.init)
    }
  }

  /// The latest experiments, the newest first.
  public func experiments(latest count: Int) async throws -> [ExperimentRecord] {
    try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM experiments ORDER BY created_at DESC, rowid DESC LIMIT ?", arguments: [count]
      ).map(ExperimentRecord.init)
    }
  }

  /// The scenarios of an experiment that are not done, in their order.
  public func pending(_ experiment: String) async throws -> [PlannedScenario] {
    try await read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM scenarios WHERE experiment_id = ? AND status <> 'done' ORDER BY ordinal",
        arguments: [experiment]
      ).map(PlannedScenario.init)
    }
  }

  /// The results of the scenarios that are done, in their order.
  public func results(of experiment: String) async throws -> [JSONValue] {
    let texts = try await read { database in
      try String.fetchAll(
        database, sql: "SELECT result FROM scenarios WHERE experiment_id = ? AND status = 'done' ORDER BY ordinal",
        arguments: [experiment])
    }
    return try texts.map { try JSONValue(parsing: $0) }
  }

  /// The results that ``close(_:status:results:)`` kept, or `nil` when the experiment was never closed.
  public func closingResults(of experiment: String) async throws -> JSONValue? {
    let text = try await read { database in
      try String.fetchOne(
        database, sql: "SELECT results FROM experiments WHERE id = ? AND results IS NOT NULL", arguments: [experiment])
    }
    return try text.map { try JSONValue(parsing: $0) }
  }
}
