extension StoreMigration {
  /// Trace events: what lists filter by has a column; the event itself is the JSON in `body`.
  ///
  /// `at` is the event's own time in microseconds, `received_at` when it came, in milliseconds. Indexes on what most
  /// events do not have hold only those that have it, so that they cost nothing where they are of no use.
  static let traces = StoreMigration(
    "trace events",
    [
      """
      CREATE TABLE trace_events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        workspace TEXT NOT NULL,
        sandbox_id TEXT,
        experiment_id TEXT,
        agent TEXT,
        event_type TEXT NOT NULL,
        tool TEXT,
        at INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        span_id TEXT,
        parent_span_id TEXT,
        trace TEXT,
        is_audit INTEGER NOT NULL,
        body TEXT NOT NULL
      ) STRICT;

      CREATE INDEX trace_events_workspace ON trace_events (workspace, id);
      CREATE INDEX trace_events_sandbox ON trace_events (sandbox_id) WHERE sandbox_id IS NOT NULL;
      CREATE INDEX trace_events_experiment ON trace_events (experiment_id) WHERE experiment_id IS NOT NULL;
      CREATE INDEX trace_events_span ON trace_events (span_id) WHERE span_id IS NOT NULL;
      CREATE INDEX trace_events_trace ON trace_events (trace) WHERE trace IS NOT NULL;
      """
    ])
}
