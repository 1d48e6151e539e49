extension StoreMigration {
  /// What behaviors found in finished workflows.
  static let behaviors = StoreMigration(
    "behavior findings",
    [
      """
      CREATE TABLE behavior_findings (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        workspace TEXT NOT NULL,
        behavior_id TEXT NOT NULL,
        trace TEXT NOT NULL,
        detected INTEGER NOT NULL,
        option TEXT,
        reason TEXT NOT NULL,
        created_at TEXT NOT NULL,
        UNIQUE (behavior_id, trace)
      ) STRICT;

      CREATE INDEX behavior_findings_behavior ON behavior_findings (workspace, behavior_id, created_at);
      """
    ])
}
