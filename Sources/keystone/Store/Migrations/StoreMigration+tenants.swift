extension StoreMigration {
  /// API keys and workspaces, and who an experiment belongs to; those of the command line belong to nobody.
  static let tenants = StoreMigration(
    "api keys, workspaces and owners",
    [
      """
      CREATE TABLE api_keys (
        id TEXT PRIMARY KEY NOT NULL,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        hint TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        created_at TEXT NOT NULL,
        revoked_at TEXT
      ) STRICT;

      CREATE TABLE workspaces (
        id TEXT PRIMARY KEY NOT NULL,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        is_default INTEGER NOT NULL,
        is_favorite INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        active_at TEXT NOT NULL,
        UNIQUE (owner, name)
      ) STRICT;

      CREATE UNIQUE INDEX workspaces_default ON workspaces (owner) WHERE is_default = 1;

      ALTER TABLE experiments ADD COLUMN owner TEXT NOT NULL DEFAULT '';
      ALTER TABLE experiments ADD COLUMN workspace TEXT NOT NULL DEFAULT '';
      CREATE INDEX experiments_workspace ON experiments (workspace, created_at);
      """
    ])
}
