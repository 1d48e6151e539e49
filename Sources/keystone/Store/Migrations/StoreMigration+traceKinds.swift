extension StoreMigration {
  /// The agent snapshot that produced a trace event, and indexes for lists of one kind.
  ///
  /// A list without a kind leaves out what comes from audit logs, so its index does, too.
  static let traceKinds = StoreMigration(
    "snapshots and kinds of trace events",
    [
      """
      ALTER TABLE trace_events ADD COLUMN snapshot_id TEXT;
      CREATE INDEX trace_events_snapshot ON trace_events (snapshot_id) WHERE snapshot_id IS NOT NULL;

      DROP INDEX trace_events_workspace;
      CREATE INDEX trace_events_shown ON trace_events (workspace, id) WHERE is_audit = 0;
      CREATE INDEX trace_events_kind ON trace_events (workspace, event_type, id);
      """
    ])
}
