extension StoreMigration {
  /// Scores that rules gave to runs afterwards, and the jobs that are to give them.
  static let scores = StoreMigration(
    "scores",
    [
      """
      CREATE TABLE scores (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        workspace TEXT NOT NULL,
        experiment_id TEXT NOT NULL,
        rule_id TEXT NOT NULL,
        scenario_id TEXT NOT NULL,
        trace_id INTEGER NOT NULL,
        score REAL NOT NULL,
        passed INTEGER NOT NULL,
        message TEXT NOT NULL,
        created_at TEXT NOT NULL,
        UNIQUE (experiment_id, rule_id, scenario_id)
      ) STRICT;

      CREATE INDEX scores_workspace ON scores (workspace, id);

      CREATE TABLE score_jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        owner TEXT NOT NULL,
        workspace TEXT NOT NULL,
        experiment_id TEXT NOT NULL,
        rule_ids TEXT NOT NULL,
        created_at TEXT NOT NULL,
        done_at TEXT
      ) STRICT;

      CREATE INDEX score_jobs_waiting ON score_jobs (id) WHERE done_at IS NULL;
      """
    ])
}
