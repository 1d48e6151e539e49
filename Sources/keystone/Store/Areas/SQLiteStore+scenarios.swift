internal import GRDB
public import KeystoneKit

extension SQLiteStore {
  /// The place of a scenario in the list of all.
  public struct ScenarioPlace: Sendable, Hashable {
    /// Its experiment.
    public var experiment: String
    /// Its place in the experiment, from 0.
    public var ordinal: Int

    /// A place.
    public init(experiment: String, ordinal: Int) {
      self.experiment = experiment
      self.ordinal = ordinal
    }
  }

  /// The finished scenarios of a workspace, in the order of experiments' ids.
  ///
  /// The answer is one page and the place after which the next goes on, `nil` at the end. A run that failed in a group
  /// that passes has the status `flaky` once its experiment is closed.
  public func scenarios(
    in workspace: String, experiment: String?, status: String?, scenario: String?, after place: ScenarioPlace?,
    limit: Int
  ) async throws -> (items: [JSONValue], next: ScenarioPlace?) {
    try await read { database in
      let rows = try Row.fetchAll(
        database, sql: Self.finished,
        arguments: [
          workspace, experiment, place?.experiment ?? "", place?.ordinal ?? -1, scenario, status, limit + 1,
        ])
      let items = try rows.prefix(limit).map { row in
        var item = try JSONValue(parsing: row["result"] as String)
        item["status"] = .string(row["shown"])
        item["experiment_id"] = .string(row["experiment_id"])
        return item
      }
      guard rows.count > limit else { return (items, nil) }
      let last = rows[limit - 1]
      return (items, ScenarioPlace(experiment: last["experiment_id"], ordinal: last["ordinal"]))
    }
  }

  /// A group says in the closing results whether it is flaky; its members are listed there by id.
  private static let finished = """
    SELECT * FROM (
      SELECT scenarios.experiment_id, scenarios.ordinal, scenarios.result, scenarios.id,
        CASE WHEN scenarios.verdict = 'fail' AND EXISTS (
          SELECT 1 FROM json_each(experiments.results, '$.groups') AS flock, json_each(flock.value, '$.scenarios') AS member
          WHERE flock.value ->> '$.verdict' = 'pass' AND member.value = scenarios.id
        ) THEN 'flaky' ELSE coalesce(scenarios.verdict, 'error') END AS shown
      FROM scenarios JOIN experiments ON experiments.id = scenarios.experiment_id
      WHERE experiments.workspace = ? AND experiments.id = coalesce(?, experiments.id) AND scenarios.status = 'done'
        AND (scenarios.experiment_id, scenarios.ordinal) > (?, ?)
      ORDER BY scenarios.experiment_id, scenarios.ordinal
    ) WHERE id = coalesce(?, id) AND shown = coalesce(?, shown) LIMIT ?
    """
}
