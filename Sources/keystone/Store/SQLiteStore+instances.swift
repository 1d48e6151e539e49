internal import GRDB

/// A scenario whose host died before it was done.
public struct AbandonedScenario: Sendable, Hashable {
  /// The experiment's id.
  public var experiment: String
  /// The scenario's id.
  public var scenario: String
  /// The sandbox that the dead host made for it.
  public var sandbox: String
  /// How often the scenario has been started, from 1.
  public var attempt: Int
}

extension SQLiteStore {
  /// The instances of hosts that have scenarios running, dead ones included.
  public func instancesAtWork() async throws -> [String] {
    try await read { database in
      try String.fetchAll(
        database, sql: "SELECT DISTINCT instance FROM scenarios WHERE status = 'running' ORDER BY instance")
    }
  }

  /// Queues again what a dead instance was running, and tells which sandboxes it left.
  ///
  /// The caller has made sure that the instance is dead: it holds the instance's lock.
  public func requeue(abandonedBy instance: String) async throws -> [AbandonedScenario] {
    try await write { database in
      let abandoned = try Row.fetchAll(
        database,
        sql: """
          SELECT experiment_id, id, sandbox_id, attempt FROM scenarios WHERE instance = ? AND status = 'running'
          ORDER BY experiment_id, ordinal
          """,
        arguments: [instance]
      ).map { row in
        AbandonedScenario(
          experiment: row["experiment_id"], scenario: row["id"], sandbox: row["sandbox_id"], attempt: row["attempt"])
      }
      try database.execute(
        sql: """
          UPDATE scenarios SET status = 'queued', sandbox_id = NULL, instance = NULL, updated_at = \(Self.now)
          WHERE instance = ? AND status = 'running'
          """,
        arguments: [instance])
      return abandoned
    }
  }
}
