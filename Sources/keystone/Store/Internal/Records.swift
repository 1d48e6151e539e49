internal import FoundationEssentials
internal import GRDB
internal import KeystoneExperiment
internal import KeystoneKit

extension ExperimentRecord {
  init(_ row: Row) {
    let spec: Data = row["spec"]
    self.init(
      id: row["id"], name: row["name"], specID: row["spec_id"], specFile: row["spec_file"],
      spec: String(decoding: spec, as: UTF8.self), seed: row["seed"], status: row["status"],
      createdAt: row["created_at"], owner: row["owner"], workspace: row["workspace"], ranAt: row["ran_at"],
      total: row["total"], run: row["run"])
  }

  func insert(_ database: Database, total: Int) throws {
    try database.execute(
      sql: """
        INSERT INTO experiments
          (id, name, spec_id, spec_file, spec, seed, status, created_at, total, owner, workspace, run)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        id, name, specID, specFile, Data(spec.utf8), seed, status, createdAt, total, owner, workspace, run,
      ])
  }
}

extension PlannedScenario {
  init(_ row: Row) throws {
    self.init(
      id: row["id"], ordinal: row["ordinal"], cell: row["cell"], replica: row["replica"],
      parameters: try JSONValue(parsing: row["parameters"] as String).object ?? [:], seed: row["seed"])
  }

  func insert(_ database: Database, experiment: String) throws {
    try database.cachedStatement(sql: Self.insertion).execute(arguments: [
      experiment, id, ordinal, cell, replica, JSONValue.object(parameters).text, seed,
    ])
  }

  private static let insertion = """
    INSERT INTO scenarios (experiment_id, id, ordinal, cell, replica, parameters, seed, status, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', \(SQLiteStore.now))
    """
}
