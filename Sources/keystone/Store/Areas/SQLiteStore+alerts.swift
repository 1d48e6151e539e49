internal import GRDB
public import KeystoneKit
public import KeystoneRecords

/// One firing of an alert, on its way to whom it concerns.
public struct AlertDelivery: Sendable, Hashable {
  /// The id of the firing, the same for every attempt.
  public var id: String
  /// The workspace.
  public var workspace: String
  /// The rule that fired.
  public var rule: String
  /// The experiment it fired for.
  public var experiment: String
  /// The notifier type.
  public var notifier: String
  /// What is told.
  public var alert: Alert
  /// The notifier's parameters, templates not filled in.
  public var parameters: JSONValue
  /// `waiting`, `delivered` or `failed`.
  public var status = "waiting"
  /// How often it was tried.
  public var attempts = 0
  /// Why the latest attempt failed.
  public var error: String?
  /// When it fired, RFC 3339 in UTC.
  public private(set) var createdAt = ""
  /// When it was last tried, RFC 3339 in UTC.
  public private(set) var updatedAt = ""

  /// A delivery that is not yet kept.
  public init(workspace: String, rule: String, notifier: String, alert: Alert, parameters: JSONValue) {
    id = alert.id
    self.workspace = workspace
    self.rule = rule
    experiment = alert.experimentID
    self.notifier = notifier
    self.alert = alert
    self.parameters = parameters
  }

  init(_ row: Row) throws {
    self.init(
      workspace: row["workspace"], rule: row["rule_id"], notifier: row["notifier"],
      alert: try JSONValueDecoder().decode(Alert.self, from: try JSONValue(parsing: row["alert"] as String)),
      parameters: try JSONValue(parsing: row["parameters"] as String))
    status = row["status"]
    attempts = row["attempts"]
    error = row["error"]
    createdAt = row["created_at"]
    updatedAt = row["updated_at"]
  }
}

/// A run of an experiment that is complete.
public struct CompletedRun: Sendable, Hashable {
  /// The experiment.
  public var experiment: String
  /// The number of the run, from 1.
  public var run: Int
  /// Whose workspace it is in.
  public var workspace: String
  /// The spec that was run.
  public var specID: String
  /// The metrics of the run, an object.
  public var metrics: JSONValue

  init(_ row: Row) throws {
    experiment = row["experiment_id"]
    run = row["run"]
    workspace = row["workspace"]
    specID = row["spec_id"]
    metrics = try (row["results"] as String?).map { try JSONValue(parsing: $0) }?["metrics"] ?? [:]
  }
}

extension SQLiteStore {
  private static let runs = "SELECT experiment_id, run, workspace, spec_id, results FROM experiment_runs"

  /// The completed runs for which alerts were not evaluated yet, the oldest first.
  public func unevaluatedRuns() async throws -> [CompletedRun] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          \(Self.runs) WHERE status = 'completed' AND NOT EXISTS (
            SELECT 1 FROM alert_evaluations WHERE alert_evaluations.experiment_id = experiment_runs.experiment_id
            AND alert_evaluations.run = experiment_runs.run) ORDER BY closed_at
          """
      ).map(CompletedRun.init)
    }
  }

  /// The latest `count` completed runs of a spec, of the last `hours` where these are given, the newest first.
  public func completedRuns(
    of spec: String, in workspace: String, latest count: Int, hours: Int? = nil
  ) async throws -> [CompletedRun] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          \(Self.runs) WHERE workspace = ? AND spec_id = ? AND status = 'completed'
          AND (? IS NULL OR closed_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ? || ' hours'))
          ORDER BY closed_at DESC LIMIT ?
          """,
        arguments: [workspace, spec, hours, hours, count]
      ).map(CompletedRun.init)
    }
  }

  /// The metrics of the runs of `eval run` that a window looks at beside the one that is about to end.
  public func localRuns(of spec: String, _ window: AlertWindow) async throws -> [JSONValue] {
    let (count, hours): (Int, Int?) =
      switch window {
      case .runs(let count): (count - 1, nil)
      case .hours(let hours): (10_000, hours)
      }
    return try await read { database in
      try String.fetchAll(
        database,
        sql: """
          SELECT results FROM experiments WHERE owner = '' AND spec_id = ? AND status = 'completed'
          AND (? IS NULL OR closed_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ? || ' hours'))
          ORDER BY closed_at DESC LIMIT ?
          """,
        arguments: [spec, hours, hours, count]
      ).compactMap { try JSONValue(parsing: $0)["metrics"] }
    }
  }

  /// Writes down that alerts were evaluated for a run, together with what they fire; once only.
  ///
  /// - Returns: Whether this was the first time.
  public func evaluated(_ run: CompletedRun, firing deliveries: [AlertDelivery]) async throws -> Bool {
    let texts = try deliveries.map { try JSONValueEncoder().encode($0.alert).text }
    return try await write { database in
      try database.execute(
        sql: """
          INSERT INTO alert_evaluations (experiment_id, run, evaluated_at) VALUES (?, ?, \(Self.now))
          ON CONFLICT DO NOTHING
          """,
        arguments: [run.experiment, run.run])
      guard database.changesCount == 1 else { return false }
      for (delivery, text) in zip(deliveries, texts) {
        try database.execute(
          sql: """
            INSERT INTO alert_deliveries
              (id, workspace, rule_id, experiment_id, notifier, alert, parameters, status, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', \(Self.now), \(Self.now))
            """,
          arguments: [
            delivery.id, delivery.workspace, delivery.rule, delivery.experiment, delivery.notifier, text,
            delivery.parameters.text,
          ])
      }
      return true
    }
  }

  /// The deliveries that are still to be made, the oldest first.
  public func waitingDeliveries() async throws -> [AlertDelivery] {
    try await read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM alert_deliveries WHERE status = 'waiting' ORDER BY created_at")
        .map(AlertDelivery.init)
    }
  }

  /// The latest deliveries of a rule, the newest first.
  public func deliveries(of rule: String, in workspace: String, latest count: Int) async throws -> [AlertDelivery] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM alert_deliveries WHERE workspace = ? AND rule_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ?
          """,
        arguments: [workspace, rule, count]
      ).map(AlertDelivery.init)
    }
  }

  /// Notes an attempt to deliver, and how it ended.
  public func attempted(_ delivery: String, status: String, error: String?) async throws {
    try await write { database in
      try database.execute(
        sql: """
          UPDATE alert_deliveries SET status = ?, error = ?, attempts = attempts + 1, updated_at = \(Self.now)
          WHERE id = ?
          """,
        arguments: [status, error, delivery])
    }
  }
}
