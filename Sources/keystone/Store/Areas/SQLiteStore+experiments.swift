internal import FoundationEssentials
internal import GRDB
public import KeystoneExperiment
public import KeystoneKit

/// How far the latest run of an experiment is.
public struct ExperimentProgress: Sendable, Hashable {
  /// How many scenarios are done, by the status of each alone.
  public var done: [String: Int]
  /// How many are running.
  public var running: Int
}

/// One run of an experiment that is complete.
public struct ExperimentRunRecord: Sendable, Hashable {
  /// The experiment's id.
  public var experiment: String
  /// Its number, from 1.
  public var run: Int
  /// `completed` or `cancelled`.
  public var status: String
  /// When it was complete, RFC 3339 in UTC.
  public var closedAt: String
  /// Its results without scenarios.
  public var results: JSONValue
}

extension SQLiteStore {
  /// Writes down an experiment that nobody has run yet.
  ///
  /// - Parameters:
  ///   - experiment: The experiment.
  ///   - secrets: Values of secrets that its caller forwarded, sealed.
  ///   - specVersion: The version of the uploaded spec that it was made from.
  /// - Throws: ``StoreFailure`` when it cannot be written.
  public func create(_ experiment: ExperimentRecord, secrets: [UInt8]?, specVersion: Int) async throws {
    try await write { database in
      try experiment.insert(database, total: 0)
      try database.execute(
        sql: "UPDATE experiments SET secrets = ?, spec_version = ? WHERE id = ?",
        arguments: [secrets.map { Data($0) }, specVersion, experiment.id])
    }
  }

  /// The experiments of a workspace, the newest first.
  public func experiments(in workspace: String, latest count: Int) async throws -> [ExperimentRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT id, name, spec_id, spec_file, X'' AS spec, seed, status, created_at, ran_at, total, owner, workspace, run
          FROM experiments WHERE workspace = ? ORDER BY created_at DESC, rowid DESC LIMIT ?
          """,
        arguments: [workspace, count]
      ).map(ExperimentRecord.init)
    }
  }

  /// The experiment of a workspace; `nil` when there is none of that id in it.
  public func experiment(_ id: String, in workspace: String) async throws -> ExperimentRecord? {
    try await experiment(id).flatMap { $0.workspace == workspace ? $0 : nil }
  }

  /// The sealed secrets of an experiment.
  public func sealedSecrets(of experiment: String) async throws -> [UInt8]? {
    try await read { database in
      try Data.fetchOne(database, sql: "SELECT secrets FROM experiments WHERE id = ?", arguments: [experiment])
        .map { [UInt8]($0) }
    }
  }

  /// Counts the scenarios of the latest run.
  public func progress(of experiment: String) async throws -> ExperimentProgress {
    try await read { database in
      var progress = ExperimentProgress(done: [:], running: 0)
      let rows = try Row.fetchCursor(
        database,
        sql: "SELECT status, verdict, count(*) AS n FROM scenarios WHERE experiment_id = ? GROUP BY status, verdict",
        arguments: [experiment])
      while let row = try rows.next() {
        let count: Int = row["n"]
        switch row["status"] as String {
        case "done": progress.done[row["verdict"] ?? "error", default: 0] += count
        case "running": progress.running += count
        default: break
        }
      }
      return progress
    }
  }

  /// The texts of results that are done, a page of them in their order.
  ///
  /// - Parameters:
  ///   - experiment: The experiment.
  ///   - after: The ordinal of the last one of the page before; -1 at the beginning.
  ///   - limit: How many at most.
  /// - Returns: The ordinal, the verdict of the run alone and the JSON text of each.
  /// - Throws: ``StoreFailure`` when it cannot be read.
  public func resultTexts(
    of experiment: String, after: Int, limit: Int
  ) async throws -> [(ordinal: Int, verdict: String, text: String)] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT ordinal, verdict, result FROM scenarios
          WHERE experiment_id = ? AND status = 'done' AND ordinal > ? ORDER BY ordinal LIMIT ?
          """,
        arguments: [experiment, after, limit]
      ).map { ($0["ordinal"], $0["verdict"] ?? "error", $0["result"]) }
    }
  }

  /// The complete runs of a spec's experiments in a workspace, the oldest of the latest `count` first.
  public func runs(of spec: String, in workspace: String, latest count: Int) async throws -> [ExperimentRunRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM (
            SELECT * FROM experiment_runs WHERE workspace = ? AND spec_id = ? AND status = 'completed'
            ORDER BY closed_at DESC LIMIT ?
          ) ORDER BY closed_at
          """,
        arguments: [workspace, spec, count]
      ).map { row in
        ExperimentRunRecord(
          experiment: row["experiment_id"], run: row["run"], status: row["status"], closedAt: row["closed_at"],
          results: try JSONValue(parsing: row["results"] as String))
      }
    }
  }
}
