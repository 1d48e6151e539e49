internal import GRDB
public import KeystoneKit

/// What a score rule gave to one run of an experiment.
public struct ScoreRecord: Sendable, Hashable {
  /// The row's id; 0 before it is kept.
  public var id: Int64 = 0
  /// The workspace.
  public var workspace: String
  /// The experiment.
  public var experiment: String
  /// The rule.
  public var rule: String
  /// The run.
  public var scenario: String
  /// The run's place in the experiment, from 1.
  public var ordinal: Int
  /// From 0 to 1.
  public var score: Double
  /// Whether it passed.
  public var isPassed: Bool
  /// Why.
  public var message: String

  /// A score that is not yet kept.
  public init(
    workspace: String, experiment: String, rule: String, scenario: String, ordinal: Int, score: Double, isPassed: Bool,
    message: String
  ) {
    self.workspace = workspace
    self.experiment = experiment
    self.rule = rule
    self.scenario = scenario
    self.ordinal = ordinal
    self.score = score
    self.isPassed = isPassed
    self.message = message
  }

  init(_ row: Row) {
    self.init(
      workspace: row["workspace"], experiment: row["experiment_id"], rule: row["rule_id"],
      scenario: row["scenario_id"], ordinal: row["trace_id"], score: row["score"], isPassed: row["passed"],
      message: row["message"])
    id = row["id"]
  }

  /// The object that clients read.
  public var json: JSONValue {
    [
      "id": .integer(id), "rule_id": .string(rule), "trace_id": .integer(Int64(ordinal)),
      "experiment_id": .string(experiment), "scenario_id": .string(scenario), "score": .number(score),
      "passed": .bool(isPassed), "message": .string(message),
    ]
  }
}

/// A request to score an experiment that is not yet done.
public struct ScoreJob: Sendable, Hashable {
  /// The job's id.
  public var id: Int64
  /// Who asked.
  public var owner: String
  /// The workspace.
  public var workspace: String
  /// The experiment.
  public var experiment: String
  /// The rules to apply.
  public var rules: [String]
}

extension SQLiteStore {
  /// Writes down that an experiment is to be scored, and returns the job.
  public func addScoreJob(
    owner: String, workspace: String, experiment: String, rules: [String]
  ) async throws -> ScoreJob {
    let text = JSONValue.array(rules.map { .string($0) }).text
    return try await write { database in
      try database.execute(
        sql: """
          INSERT INTO score_jobs (owner, workspace, experiment_id, rule_ids, created_at)
          VALUES (?, ?, ?, ?, \(Self.now))
          """,
        arguments: [owner, workspace, experiment, text])
      return ScoreJob(
        id: database.lastInsertedRowID, owner: owner, workspace: workspace, experiment: experiment, rules: rules)
    }
  }

  /// The jobs that are not done, the oldest first.
  public func waitingScoreJobs() async throws -> [ScoreJob] {
    try await read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM score_jobs WHERE done_at IS NULL ORDER BY id").map { row in
        let rules = try JSONValue(parsing: row["rule_ids"] as String).array ?? []
        return ScoreJob(
          id: row["id"], owner: row["owner"], workspace: row["workspace"], experiment: row["experiment_id"],
          rules: rules.compactMap(\.string))
      }
    }
  }

  /// Keeps scores; one that a rule gave the same run before is replaced.
  public func keep(_ scores: [ScoreRecord]) async throws {
    try await write { database in
      let statement = try database.cachedStatement(
        sql: """
          INSERT INTO scores (workspace, experiment_id, rule_id, scenario_id, trace_id, score, passed, message, created_at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, \(Self.now))
          ON CONFLICT (experiment_id, rule_id, scenario_id) DO UPDATE SET
            score = excluded.score, passed = excluded.passed, message = excluded.message, created_at = excluded.created_at
          """)
      for score in scores {
        try statement.execute(arguments: [
          score.workspace, score.experiment, score.rule, score.scenario, score.ordinal, score.score, score.isPassed,
          score.message,
        ])
      }
    }
  }

  /// Marks a job as done.
  public func finishScoreJob(_ id: Int64) async throws {
    try await write { database in
      try database.execute(sql: "UPDATE score_jobs SET done_at = \(Self.now) WHERE id = ?", arguments: [id])
    }
  }

  /// The first `limit` scores of a workspace after the one with `id`, of one experiment or rule where these are given.
  public func scores(
    in workspace: String, experiment: String? = nil, rule: String? = nil, after id: Int64 = 0, limit: Int
  ) async throws -> [ScoreRecord] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM scores WHERE workspace = ? AND id > ? AND experiment_id = coalesce(?, experiment_id)
          AND rule_id = coalesce(?, rule_id) ORDER BY id LIMIT ?
          """,
        arguments: [workspace, id, experiment, rule, limit]
      ).map(ScoreRecord.init)
    }
  }
}

/// A run that is done.
public struct FinishedScenario: Sendable {
  /// Its id.
  public var scenario: String
  /// Its place in the experiment, from 0.
  public var ordinal: Int
  /// The spec that was run.
  public var specID: String
  /// Its result, a JSON object.
  public var result: JSONValue
}

extension SQLiteStore {
  /// Whether the workspace has an experiment of that id.
  public func hasExperiment(_ id: String, in workspace: String) async throws -> Bool {
    try await read { database in
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM experiments WHERE id = ? AND workspace = ?)",
        arguments: [id, workspace]) ?? false
    }
  }

  /// The first `limit` runs of an experiment that are done, after the one in the place `ordinal`.
  public func finishedScenarios(
    of experiment: String, after ordinal: Int, limit: Int
  ) async throws -> [FinishedScenario] {
    try await read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT scenarios.id, scenarios.ordinal, scenarios.result, experiments.spec_id
          FROM scenarios JOIN experiments ON experiments.id = scenarios.experiment_id
          WHERE experiment_id = ? AND scenarios.status = 'done' AND ordinal > ? ORDER BY ordinal LIMIT ?
          """,
        arguments: [experiment, ordinal, limit]
      ).map { row in
        FinishedScenario(
          scenario: row["id"], ordinal: row["ordinal"], specID: row["spec_id"],
          result: try JSONValue(parsing: row["result"] as String))
      }
    }
  }
}
