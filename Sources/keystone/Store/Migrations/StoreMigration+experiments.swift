extension StoreMigration {
  /// Experiments and their scenarios, as `eval run` keeps them.
  static let experiments = StoreMigration("1: experiments and their scenarios", [experimentsTable, scenariosTable])

  private static let experimentsTable = """
    CREATE TABLE experiments (
      id TEXT PRIMARY KEY NOT NULL,
      name TEXT NOT NULL,
      spec_id TEXT NOT NULL,
      spec_file TEXT NOT NULL,
      spec BLOB NOT NULL,
      seed INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('created', 'running', 'completed', 'cancelled')),
      created_at TEXT NOT NULL,
      ran_at TEXT,
      closed_at TEXT,
      total INTEGER NOT NULL,
      results TEXT
    ) STRICT;
    """

  /// The trigger is the last line of defence: whatever the code above does, a verdict is not lost.
  private static let scenariosTable = """
    CREATE TABLE scenarios (
      experiment_id TEXT NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
      id TEXT NOT NULL,
      ordinal INTEGER NOT NULL,
      cell INTEGER NOT NULL,
      replica INTEGER NOT NULL,
      parameters TEXT NOT NULL,
      seed INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done')),
      attempt INTEGER NOT NULL DEFAULT 0,
      sandbox_id TEXT,
      instance TEXT,
      result TEXT,
      verdict TEXT,
      updated_at TEXT NOT NULL,
      PRIMARY KEY (experiment_id, id),
      UNIQUE (experiment_id, ordinal),
      CHECK ((status = 'done') = (result IS NOT NULL))
    ) STRICT;

    CREATE INDEX scenarios_running ON scenarios (instance) WHERE status = 'running';

    CREATE TRIGGER scenarios_done_is_final BEFORE UPDATE ON scenarios WHEN OLD.status = 'done'
    BEGIN
      SELECT RAISE(ABORT, 'a finished scenario is final');
    END;
    """
}
