internal import GRDB
public import KeystoneRecords

extension SQLiteStore {
  /// What the events of a sandbox belong to; `nil` when the workspace has no such sandbox.
  public func traceOrigin(ofSandbox sandbox: String, in workspace: String) async throws -> TraceOrigin? {
    try await read { database in
      try Row.fetchOne(
        database,
        sql: """
          SELECT experiments.id, scenarios.result ->> '$.snapshot.id' FROM scenarios JOIN experiments ON experiments.id = scenarios.experiment_id
          WHERE scenarios.sandbox_id = ? AND experiments.workspace = ?
          """,
        arguments: [sandbox, workspace]
      ).map { TraceOrigin(workspace: workspace, sandbox: sandbox, experiment: $0[0], snapshot: $0[1]) }
    }
  }
}
