extension StoreMigration {
  /// Datasets; a record belongs to the version that added it and is never changed.
  static let datasets = StoreMigration(
    "datasets",
    [
      """
      CREATE TABLE datasets (
        ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        workspace TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        version INTEGER NOT NULL,
        created_at TEXT NOT NULL
      ) STRICT;

      CREATE INDEX datasets_workspace ON datasets (workspace, name);

      CREATE TABLE dataset_records (
        ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
        version INTEGER NOT NULL,
        body TEXT NOT NULL
      ) STRICT;

      CREATE INDEX dataset_records_dataset ON dataset_records (dataset_id, ordinal);
      """
    ])
}
