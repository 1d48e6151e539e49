internal import GRDB
public import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords

extension SQLiteStore {
  /// What the trace of a sandbox adds to the result of its scenario.
  public func traceFigures(ofSandbox sandbox: String) async throws -> TraceFigures {
    let metrics = try await read { database in
      let bodies = try String.fetchCursor(
        database, sql: "SELECT body FROM trace_events WHERE sandbox_id = ? AND is_audit = 0 ORDER BY id",
        arguments: [sandbox])
      var metrics = TraceMetrics()
      while let body = try bodies.next() { metrics.add(try JSONValue(parsing: body)) }
      return metrics
    }
    var figures = TraceFigures()
    figures.toolCalls = metrics.toolCalls
    figures.toolFailures = metrics.toolCalls - metrics.successfulCalls
    if metrics.inputTokens + metrics.outputTokens > 0 || metrics.dollars > 0 {
      figures.cost = [
        "input_tokens": .integer(metrics.inputTokens), "output_tokens": .integer(metrics.outputTokens),
        "model": .string(metrics.models.joined(separator: ", ")), "estimated_usd": .number(metrics.dollars),
      ]
    }
    return figures
  }
}
