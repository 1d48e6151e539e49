internal import Dispatch
internal import GRDB
public import KeystoneExperiment
public import KeystoneKit

/// The store of experiments in one SQLite file.
///
/// Any number of processes may have the same file open. What a function has returned from survives a crash of the
/// process and of the machine; functions that fail with ``StoreFailure`` changed nothing.
public final class SQLiteStore: ExperimentStore {
  private let path: String
  private let pool: DatabasePool
  private let writes: WriteQueue

  /// The time of a change, in SQL: RFC 3339 in UTC with milliseconds.
  static let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

  /// Opens the store at `path`; a missing file is made, with its folders, readable for its owner only.
  ///
  /// - Throws: ``StoreFailure``: `unusable` when the file is something else or cannot be used, `newer` when a later
  ///   version wrote it, `damaged`, `full` or `busy`.
  public static func open(_ path: String) async throws -> SQLiteStore {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { SQLiteStore(path: path, pool: try StoreFile(path: path).open()) })
      }
    }
  }

  private init(path: String, pool: DatabasePool) {
    self.path = path
    self.pool = pool
    writes = WriteQueue(pool: pool)
  }

  func write<Value: Sendable>(_ change: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    do {
      return try await writes.write(change)
    } catch {
      throw StoreFailure.translating(error, path: path)
    }
  }

  /// Runs a statement that takes no part in transactions.
  func outsideTransactions(_ statement: String, _ arguments: StatementArguments = []) async throws {
    do {
      try await pool.writeWithoutTransaction { try $0.execute(sql: statement, arguments: arguments) }
    } catch {
      throw StoreFailure.translating(error, path: path)
    }
  }

  func read<Value: Sendable>(_ question: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    do {
      return try await pool.read(question)
    } catch {
      throw StoreFailure.translating(error, path: path)
    }
  }
}

// MARK: - Changes

extension SQLiteStore {
  /// Writes down an experiment with all its scenarios, which are then queued.
  ///
  /// - Throws: ``StoreFailure`` of code `conflict` when there is one of that id.
  public func create(_ experiment: ExperimentRecord, scenarios: [PlannedScenario]) async throws {
    try await write { database in
      let isTaken = try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM experiments WHERE id = ?)", arguments: [experiment.id])
      guard isTaken != true else {
        throw StoreFailure(.conflict, "The experiment \(experiment.id) exists; choose another id.")
      }
      try experiment.insert(database, total: scenarios.count)
      for scenario in scenarios { try scenario.insert(database, experiment: experiment.id) }
    }
  }

  /// Marks a scenario as running in `sandbox` of the host `instance`; answers how often it has been started by now.
  ///
  /// One that is marked as running already is taken over: the caller knows that whoever ran it is gone.
  ///
  /// - Throws: ``StoreFailure`` of code `conflict` when it is done, `notFound` when there is none.
  @discardableResult
  public func start(
    _ scenario: String, of experiment: String, sandbox: String, instance: String
  ) async throws -> Int {
    try await write { database in
      try database.cachedStatement(sql: Self.starting).execute(arguments: [sandbox, instance, experiment, scenario])
      try Self.checkChange(of: scenario, of: experiment, database)
      try database.cachedStatement(sql: Self.beginning).execute(arguments: [experiment])
      return try Int.fetchOne(
        database, sql: "SELECT attempt FROM scenarios WHERE experiment_id = ? AND id = ?",
        arguments: [experiment, scenario]) ?? 1
    }
  }

  /// Keeps the result of a scenario, a JSON object; it is done.
  ///
  /// - Throws: ``StoreFailure`` of code `conflict` when it is done already, `notFound` when there is none.
  public func finish(_ scenario: String, of experiment: String, result: JSONValue) async throws {
    let (text, verdict, figures) = (result.text, result["status"]?.string, ScenarioFigures.of(result).text)
    try await write { database in
      try database.cachedStatement(sql: Self.finishing).execute(arguments: [
        text, verdict, figures, experiment, scenario,
      ])
      try Self.checkChange(of: scenario, of: experiment, database)
    }
  }

  /// Marks the whole experiment as `completed` or `cancelled` and keeps its results, a JSON object.
  ///
  /// - Throws: ``StoreFailure`` of code `notFound` when there is none.
  public func close(_ experiment: String, status: String, results: JSONValue) async throws {
    let text = results.text
    try await write { database in
      try database.cachedStatement(sql: Self.closing).execute(arguments: [status, text, experiment])
      guard database.changesCount == 1 else { throw Self.noExperiment(experiment) }
      try database.cachedStatement(sql: Self.archiving).execute(arguments: [experiment])
    }
  }

  private static let starting = """
    UPDATE scenarios SET status = 'running', attempt = attempt + 1, sandbox_id = ?, instance = ?, updated_at = \(now)
    WHERE experiment_id = ? AND id = ? AND status <> 'done'
    """

  private static let beginning = """
    UPDATE experiments SET status = 'running', ran_at = coalesce(ran_at, \(now)), closed_at = NULL
    WHERE id = ? AND status <> 'running'
    """

  private static let finishing = """
    UPDATE scenarios SET status = 'done', result = ?, verdict = ?, figures = ?, updated_at = \(now)
    WHERE experiment_id = ? AND id = ? AND status <> 'done'
    """

  private static let closing = "UPDATE experiments SET status = ?, results = ?, closed_at = \(now) WHERE id = ?"

  /// Runs of the daemon stay when the experiment is run again; the command line makes an experiment for each.
  private static let archiving = """
    INSERT OR REPLACE INTO experiment_runs (experiment_id, run, workspace, spec_id, status, ran_at, closed_at, results)
    SELECT id, run, workspace, spec_id, status, coalesce(ran_at, created_at), closed_at, results FROM experiments
    WHERE id = ? AND owner <> ''
    """

  private static func checkChange(of scenario: String, of experiment: String, _ database: Database) throws {
    guard database.changesCount == 0 else { return }
    let exists = try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM scenarios WHERE experiment_id = ? AND id = ?)",
      arguments: [experiment, scenario])
    throw exists == true
      ? StoreFailure(.conflict, "The scenario \(scenario) of \(experiment) is done; its verdict stands.")
      : StoreFailure(.notFound, "There is no scenario \(scenario) of \(experiment); create the experiment first.")
  }

  private static func noExperiment(_ id: String) -> StoreFailure {
    StoreFailure(.notFound, "There is no experiment \(id); create it first.")
  }
}
