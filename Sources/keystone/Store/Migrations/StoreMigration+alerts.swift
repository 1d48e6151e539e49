extension StoreMigration {
  /// Which runs alerts were evaluated for, and what was told to whom.
  static let alerts = StoreMigration(
    "alerts",
    [
      """
      CREATE TABLE alert_evaluations (
        experiment_id TEXT NOT NULL,
        run INTEGER NOT NULL,
        evaluated_at TEXT NOT NULL,
        PRIMARY KEY (experiment_id, run)
      ) STRICT;

      CREATE TABLE alert_deliveries (
        id TEXT PRIMARY KEY NOT NULL,
        workspace TEXT NOT NULL,
        rule_id TEXT NOT NULL,
        experiment_id TEXT NOT NULL,
        notifier TEXT NOT NULL,
        alert TEXT NOT NULL,
        parameters TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('waiting', 'delivered', 'failed')),
        attempts INTEGER NOT NULL DEFAULT 0,
        error TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
      ) STRICT;

      CREATE INDEX alert_deliveries_rule ON alert_deliveries (workspace, rule_id, created_at);
      CREATE INDEX alert_deliveries_waiting ON alert_deliveries (id) WHERE status = 'waiting';
      """
    ])
}
