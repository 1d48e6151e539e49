internal import GRDB
public import KeystoneRecords

extension SQLiteStore {
  /// What the events of a sandbox belong to; `nil` when the workspace has no such sandbox.
  public func traceOrigin(ofSandbox sandbox: String, in workspace: String) async throws -> TraceOrigin? {
    try await read { database in
      let experiment = try String.fetchOne(
        database,
        sql: """
          SELECT experiments.id FROM scenarios JOIN experiments ON experiments.id = scenarios.experiment_id
          WHERE scenarios.sandbox_id = ? AND experiments.workspace = ?
          """,
        arguments: [sandbox, workspace])
      return experiment.map { TraceOrigin(workspace: workspace, sandbox: sandbox, experiment: $0) }
    }
  }
}
