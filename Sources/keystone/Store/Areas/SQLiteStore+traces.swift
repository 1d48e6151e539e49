internal import GRDB
public import KeystoneKit
public import KeystoneRecords

extension SQLiteStore {
  /// Keeps events; when this returns they are on the disk.
  ///
  /// - Parameters:
  ///   - events: The events, in the order in which they came.
  ///   - origin: Whose they are.
  ///   - isAudit: Whether they come from the audit log: lists show them only when they ask for their kind.
  /// - Throws: ``StoreFailure``.
  public func append(_ events: [TraceEvent], of origin: TraceOrigin, isAudit: Bool = false) async throws {
    guard !events.isEmpty else { return }
    let rows = events.map { TraceRow($0, origin) }
    try await write { database in
      let received = InstantText.now()
      var rest = rows[...]
      while !rest.isEmpty {
        let count = rest.count >= TraceRow.perStatement ? TraceRow.perStatement : 1
        let statement = try database.cachedStatement(sql: TraceRow.insertion(count))
        var arguments: [DatabaseValue] = []
        arguments.reserveCapacity(count * TraceRow.columns)
        for row in rest.prefix(count) { row.add(to: &arguments, received: received, isAudit: isAudit) }
        try statement.execute(arguments: StatementArguments(arguments))
        rest = rest.dropFirst(count)
      }
    }
  }

  /// The events that pass `filter`, in the order in which they came, as rows with `id` and `created_at`.
  ///
  /// - Parameters:
  ///   - workspace: Whose events.
  ///   - filter: Which of them.
  ///   - id: Only events after this one.
  ///   - limit: How many at most.
  /// - Returns: The rows.
  /// - Throws: ``StoreFailure``.
  public func traceEvents(
    in workspace: String, _ filter: TraceFilter, after id: Int64 = 0, limit: Int
  ) async throws -> [JSONValue] {
    let query = TraceQuery(workspace, filter, after: id)
    return try await rows(query.sql + " ORDER BY id LIMIT ?", query.arguments + [limit])
  }

  /// What the agent of a sandbox reported, in the order in which it came.
  ///
  /// - Parameters:
  ///   - sandbox: The id of the sandbox.
  ///   - id: Only events after this one.
  ///   - limit: How many at most.
  /// - Returns: The events as rows with `id`.
  /// - Throws: ``StoreFailure``.
  public func trace(ofSandbox sandbox: String, after id: Int64, limit: Int) async throws -> [JSONValue] {
    let conditions = "sandbox_id = ? AND is_audit = 0 AND id > ?"
    return try await rows("\(TraceRow.selection) WHERE \(conditions) ORDER BY id LIMIT ?", [sandbox, id, limit])
  }

  /// The spans that pass `filter`, in the order in which their first events came; starts and ends are joined.
  ///
  /// The answer is one page of at most `limit` spans and the id after which the next goes on, `nil` at the end.
  public func spans(
    in workspace: String, _ filter: TraceFilter, after id: Int64 = 0, limit: Int
  ) async throws -> (spans: [JSONValue], next: Int64?) {
    var query = TraceQuery(workspace, filter, after: id)
    query.add(
      """
      NOT EXISTS (
        SELECT 1 FROM trace_events AS earlier WHERE earlier.span_id = trace_events.span_id
        AND +earlier.workspace = trace_events.workspace AND earlier.id < trace_events.id)
      """)
    let first = try await rows(query.sql + " ORDER BY id LIMIT ?", query.arguments + [limit + 1])
    let page = Array(first.prefix(limit))
    let ids = Set(page.compactMap { $0["span_id"]?.string })
    let known = Set(page.compactMap { $0["id"]?.int })
    let others = try await rows(ofSpans: ids.sorted(), in: workspace).filter { row in
      row["id"]?.int.map { !known.contains($0) } ?? false
    }
    let all = (page + others).sorted { ($0["id"]?.int ?? 0) < ($1["id"]?.int ?? 0) }
    return (SpanRows.joining(all), first.count > limit ? page.last?["id"]?.int : nil)
  }

  /// The first `limit` events of the tree that `trace` names: by its root's span id, or by OpenTelemetry's trace id.
  public func events(ofTrace trace: String, in workspace: String, limit: Int) async throws -> [JSONValue] {
    try await rows(
      """
      \(TraceRow.selection) WHERE +workspace = ? AND (trace = ? OR trace IN (
        SELECT trace FROM trace_events WHERE span_id = ? AND +workspace = ?)) ORDER BY id LIMIT ?
      """, [workspace, trace, trace, workspace, limit])
  }

  private func rows(ofSpans ids: [String], in workspace: String) async throws -> [JSONValue] {
    guard !ids.isEmpty else { return [] }
    let marks = Array(repeating: "?", count: ids.count).joined(separator: ",")
    let arguments: [any DatabaseValueConvertible & Sendable] = [workspace] + ids + [10_000]
    return try await rows(
      "\(TraceRow.selection) WHERE +workspace = ? AND span_id IN (\(marks)) ORDER BY id LIMIT ?", arguments)
  }

  private func rows(_ sql: String, _ arguments: [any DatabaseValueConvertible & Sendable]) async throws -> [JSONValue] {
    try await read { database in
      try Row.fetchCursor(database, sql: sql, arguments: StatementArguments(arguments)).map { try TraceRow.json($0) }
        .reduce(into: []) { $0.append($1) }
    }
  }
}

/// The question that a ``TraceFilter`` asks.
struct TraceQuery {
  private var conditions: [String]
  private(set) var arguments: [any DatabaseValueConvertible & Sendable]

  var sql: String { "\(TraceRow.selection) WHERE \(conditions.joined(separator: " AND "))" }

  init(_ workspace: String, _ filter: TraceFilter, after id: Int64) {
    // Few events belong to one sandbox or tree; a plus keeps SQLite from an index on what many share.
    let narrow = [filter.sandbox, filter.experiment, filter.snapshot, filter.span, filter.parent, filter.trace]
    let plus = narrow.contains { $0 != nil } ? "+" : ""
    conditions = ["\(plus)workspace = ?"]
    arguments = [workspace]
    add("sandbox_id = ?", filter.sandbox)
    add("experiment_id = ?", filter.experiment)
    add("snapshot_id = ?", filter.snapshot)
    add("agent = ?", filter.agent)
    add("\(plus)event_type = ?", filter.type)
    if filter.type == nil { add("is_audit = 0") }
    add("tool = ?", filter.tool)
    add("span_id = ?", filter.span)
    add("parent_span_id = ?", filter.parent)
    if let trace = filter.trace {
      conditions.append(
        "(trace = ? OR trace IN (SELECT trace FROM trace_events WHERE span_id = ? AND +workspace = ?))")
      arguments += [trace, trace, workspace]
    }
    if let since = filter.since {
      conditions.append("at >= ?")
      arguments.append(since)
    }
    if id > 0 {
      conditions.append("id > ?")
      arguments.append(id)
    }
  }

  mutating func add(_ condition: String) { conditions.append(condition) }

  private mutating func add(_ condition: String, _ value: String?) {
    guard let value else { return }
    conditions.append(condition)
    arguments.append(value)
  }
}
