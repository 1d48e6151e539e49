public import KeystoneKit

/// Where experiments are kept: the queue of scenarios and their verdicts.
///
/// A function that returns has put its change on disk. A scenario moves `queued → running → done` and never back
/// from `done`.
public protocol ExperimentStore: Sendable {
  /// Writes down an experiment with all its scenarios, which are then queued.
  func create(_ experiment: ExperimentRecord, scenarios: [PlannedScenario]) async throws

  /// Marks a scenario as running in `sandbox` of the host `instance`; answers how often it has been started by now.
  @discardableResult
  func start(_ scenario: String, of experiment: String, sandbox: String, instance: String) async throws -> Int

  /// Keeps the result of a scenario, a JSON object; it is done.
  func finish(_ scenario: String, of experiment: String, result: JSONValue) async throws

  /// Keeps the records of a sandbox's audit log, a file of JSON lines, where the experiment's traces are read.
  ///
  /// Only for experiments of a workspace; those of a command line have the file itself. `snapshot` is the id of the
  /// agent snapshot that ran there.
  func keepAudit(_ file: String, ofSandbox sandbox: String, of experiment: String, snapshot: String?) async throws

  /// What the trace of a sandbox adds to the result of its scenario.
  func traceFigures(ofSandbox sandbox: String) async throws -> TraceFigures

  /// What the agent of a sandbox reported, in the order in which it came: at most `limit` events after the one of that `id`.
  func trace(ofSandbox sandbox: String, after id: Int64, limit: Int) async throws -> [JSONValue]

  /// Marks the whole experiment as `completed` or `cancelled` and keeps its results, a JSON object.
  func close(_ experiment: String, status: String, results: JSONValue) async throws

  /// The experiment, or `nil` when there is none of that id.
  func experiment(_ id: String) async throws -> ExperimentRecord?

  /// The scenarios of an experiment that are not done, in their order.
  func pending(_ experiment: String) async throws -> [PlannedScenario]

  /// The results of the scenarios that are done, in their order.
  func results(of experiment: String) async throws -> [JSONValue]
}

/// What a trace says about a run: tool calls, and what models used.
public struct TraceFigures: Sendable, Hashable {
  /// How many tools were called.
  public var toolCalls = 0
  /// How many of the calls failed.
  public var toolFailures = 0
  /// What the models used, with the dollars that the trace says.
  public var cost: JSONValue?

  /// Nothing.
  public init() {}
}

/// An experiment as it is written down.
public struct ExperimentRecord: Sendable, Codable, Hashable {
  /// The id, `exp-` and 12 hexadecimal digits.
  public var id: String
  /// A name for people.
  public var name: String
  /// The `id` of the spec.
  public var specID: String
  /// The file the spec was read from.
  public var specFile: String
  /// The spec as it was read.
  public var spec: String
  /// The seed of the whole experiment.
  public var seed: Int64
  /// `created`, `running`, `completed` or `cancelled`.
  public var status: String
  /// When it was created, RFC 3339 in UTC.
  public var createdAt: String
  /// Whose it is; empty for those of a command line.
  public var owner: String
  /// The id of the workspace it belongs to; empty for those of a command line.
  public var workspace: String
  /// When its latest run began; `nil` while it was never run.
  public var ranAt: String?
  /// How many scenarios its latest run has.
  public var total: Int
  /// How often it was run.
  public var run: Int

  /// A record.
  public init(
    id: String, name: String, specID: String, specFile: String, spec: String, seed: Int64, status: String,
    createdAt: String, owner: String = "", workspace: String = "", ranAt: String? = nil, total: Int = 0, run: Int = 0
  ) {
    self.owner = owner
    self.workspace = workspace
    self.ranAt = ranAt
    self.total = total
    self.run = run
    self.id = id
    self.name = name
    self.specID = specID
    self.specFile = specFile
    self.spec = spec
    self.seed = seed
    self.status = status
    self.createdAt = createdAt
  }
}

/// One run of the agent that an experiment asks for.
public struct PlannedScenario: Sendable, Codable, Hashable {
  /// The id, unique in the experiment: `c1-r3` is the third replica of the first matrix cell.
  public var id: String
  /// Its place in the experiment, from 0.
  public var ordinal: Int
  /// The number of its matrix cell, from 0; scenarios of one cell are judged together.
  public var cell: Int
  /// The number of the replica, from 0.
  public var replica: Int
  /// The values of the matrix cell.
  public var parameters: [String: JSONValue]
  /// The seed of this replica.
  public var seed: Int64

  /// A scenario.
  public init(
    id: String, ordinal: Int, cell: Int, replica: Int, parameters: [String: JSONValue], seed: Int64
  ) {
    self.id = id
    self.ordinal = ordinal
    self.cell = cell
    self.replica = replica
    self.parameters = parameters
    self.seed = seed
  }
}
