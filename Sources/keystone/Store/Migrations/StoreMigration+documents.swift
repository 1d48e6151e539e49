extension StoreMigration {
  /// Small things with a body that is theirs: prompts, score rules, alerts, agent snapshots, judges and behaviors.
  ///
  /// Those with versions count them by name, from 1; the others have the version 0.
  static let documents = StoreMigration(
    "documents",
    [
      """
      CREATE TABLE documents (
        ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        workspace TEXT NOT NULL,
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        tag TEXT,
        body TEXT NOT NULL,
        created_at TEXT NOT NULL,
        UNIQUE (workspace, kind, id)
      ) STRICT;

      CREATE UNIQUE INDEX documents_version ON documents (workspace, kind, name, version) WHERE version > 0;
      """
    ])
}
