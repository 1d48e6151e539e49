extension StoreMigration {
  /// Uploaded specs with their versions, the runs of experiments, and sealed secrets.
  static let specs = StoreMigration(
    "specs, runs and secrets",
    [
      """
      CREATE TABLE specs (
        workspace TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        owner TEXT NOT NULL,
        content BLOB NOT NULL,
        created_at TEXT NOT NULL,
        PRIMARY KEY (workspace, id, version)
      ) STRICT;

      ALTER TABLE experiments ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE experiments ADD COLUMN secrets BLOB;
      ALTER TABLE experiments ADD COLUMN spec_version INTEGER;

      ALTER TABLE scenarios ADD COLUMN figures TEXT;

      CREATE TABLE experiment_runs (
        experiment_id TEXT NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
        run INTEGER NOT NULL,
        workspace TEXT NOT NULL,
        spec_id TEXT NOT NULL,
        status TEXT NOT NULL,
        ran_at TEXT NOT NULL,
        closed_at TEXT NOT NULL,
        results TEXT NOT NULL,
        PRIMARY KEY (experiment_id, run)
      ) STRICT;

      CREATE INDEX experiment_runs_spec ON experiment_runs (workspace, spec_id, closed_at);

      CREATE TABLE secrets (
        workspace TEXT NOT NULL,
        name TEXT NOT NULL,
        owner TEXT NOT NULL,
        sealed BLOB NOT NULL,
        updated_at TEXT NOT NULL,
        PRIMARY KEY (workspace, name)
      ) STRICT;
      """
    ])
}
