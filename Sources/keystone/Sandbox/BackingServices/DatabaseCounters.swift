import KeystoneKit
import KeystonePluginHost
import KeystoneSpec

/// What a PostgreSQL service itself counts of its tables: a table that changed while no statement said so was written by
/// a function, a trigger, a cascade, or by something that nobody could read.
struct DatabaseCounters: Sendable, Equatable {
  /// A table of a database.
  struct Table: Hashable, Sendable {
    var database: String
    var schema: String
    var name: String
  }

  /// For each table, rows written since the database was made, and the file that holds it, which TRUNCATE replaces.
  private(set) var tables: [Table: String] = [:]

  /// Reads lines of database, schema, table and counters.
  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 4 else { continue }
      tables[Table(database: parts[0], schema: parts[1], name: parts[2])] = parts[3]
    }
  }

  /// The tables that differ, and in which way.
  func changes(since before: DatabaseCounters) -> [(table: Table, operation: String)] {
    let kept = tables.compactMap { table, counters -> (Table, String)? in
      guard let earlier = before.tables[table] else { return (table, "CREATE") }
      return earlier == counters ? nil : (table, "WRITE")
    }
    let gone = before.tables.keys.filter { tables[$0] == nil }.map { ($0, "DROP") }
    return (kept + gone).sorted { ($0.0.schema, $0.0.name) < ($1.0.schema, $1.0.name) }
      .map { (table: $0.0, operation: $0.1) }
  }

  /// The exit code of ``script`` in a service that is no PostgreSQL.
  static let noDatabase = 96

  /// Waits until the sessions of others have ended, which is when they hand in their counters, but not for long: one that
  /// stays has handed them in a second after its last transaction.
  static let script = """
    command -v psql >/dev/null 2>&1 || exit \(noDatabase)
    export PGPASSWORD="${POSTGRES_PASSWORD:-test}" PGCONNECT_TIMEOUT=10
    user=${POSTGRES_USER:-postgres}
    databases=$(psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$user" -d "${POSTGRES_DB:-postgres}" <<'END'
    DO $$ BEGIN FOR i IN 1..20 LOOP
      PERFORM pg_stat_clear_snapshot();
      EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid());
      PERFORM pg_sleep(0.1);
    END LOOP; END $$;
    SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate;
    END
    )
    # psql exits with 2 when nobody answers.
    case $? in 0) ;; 2) exit \(noDatabase) ;; *) exit 1 ;; esac
    printf '%s\\n' "$databases" | while IFS= read -r database; do
      psql -X -q -A -t -F "$(printf '\\t')" -v ON_ERROR_STOP=1 -U "$user" -d "$database" <<'END' || exit 1
    SELECT current_database(), n.nspname, c.relname,
      coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0) || ' ' || c.relfilenode
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
    WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast');
    END
    done
    """
}

extension LiveSandbox {
  /// Whether somebody asks which tables were written.
  private var asksForDatabaseWrites: Bool {
    plan.spec.audit.dbWrites
      || plan.spec.forbidden.contains { rule in
        plan.registry.type(.forbidden, rule.type)?.descriptor.sources.contains(.databaseWrites) == true
      }
  }

  /// Reads the counters of every database before the agent starts.
  func takeDatabaseBaseline() async throws {
    guard asksForDatabaseWrites else { return }
    for name in state.withLock({ $0.services.keys.sorted() }) {
      guard let counters = try await counters(of: name) else { continue }
      state.withLock { $0.databases[name] = counters }
    }
  }

  /// Records the tables that changed while the agent ran without a statement that says so.
  func sealDatabases() async throws {
    for (name, before) in state.withLock({ $0.databases.sorted { $0.key < $1.key } }) {
      guard let after = try await counters(of: name) else {
        throw PluginError(.unavailable, "the counters of the service \(name) cannot be read: the database is gone")
      }
      let written = try await onPool { [audit] in try audit.records(phase: "agent", events: ["db_write"]) }
      let known = Set(written.filter { $0.data["service"]?.string == name }.compactMap { $0.data["table"]?.string })
      for change in after.changes(since: before) where !known.contains(change.table.name) {
        try audit.record(
          phase: "agent", actor: "agent", event: "db_write",
          [
            "service": .string(name), "schema": .string(change.table.schema), "table": .string(change.table.name),
            "operation": .string(change.operation), "by": "unknown",
          ])
      }
      state.withLock { $0.databases[name] = after }
    }
  }

  /// The counters of a service; `nil` when it is no database that has any.
  private func counters(of name: String) async throws -> DatabaseCounters? {
    let command = Command(["/bin/sh", "-c", DatabaseCounters.script], timeout: .seconds(30))
    let call = try await begin("service_exec", SandboxCall(command: command, service: name))
    async let output = Self.whole(of: call, channel: 1)
    async let errors = Self.whole(of: call, channel: 2)
    let (text, words) = try await (output, errors)
    let status = try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: try await call.result()))
    if status.isSuccess { return DatabaseCounters(text) }
    if status.exitCode == DatabaseCounters.noDatabase { return nil }
    throw PluginError(
      .unavailable,
      "the counters of the service \(name) cannot be read: \(words.split(separator: "\n").last ?? "it is gone")")
  }

  /// What a command writes, up to 16 MiB.
  static func whole(of call: PluginCall, channel: UInt32) async throws -> String {
    var kept: [UInt8] = []
    for try await frame in call.input(channel) where kept.count < 16 << 20 { kept += frame }
    return String(decoding: kept, as: UTF8.self)
  }
}
