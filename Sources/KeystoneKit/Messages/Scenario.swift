/// The run that is being judged: what every plugin is told about it.
public struct Scenario: Codable, Sendable, Hashable {
  /// The scenario's id, unique in its experiment.
  public var id: String
  /// The id of the sandbox it runs in.
  public var sandboxID: String
  /// The `id` of the spec.
  public var specID: String
  /// What the agent is asked to do.
  public var task: AgentTask
  /// The values of the matrix cell and dataset row.
  public var parameters: [String: JSONValue]
  /// The seed of this replica.
  public var seed: Int64
  /// The number of this replica, from 0.
  public var replica: Int
  /// Whether files of the caller's machine may be named, as in `keystone eval run`.
  public var allowsLocalFiles: Bool

  enum CodingKeys: String, CodingKey {
    case id, task, parameters, seed, replica
    case sandboxID = "sandbox_id"
    case specID = "spec_id"
    case allowsLocalFiles = "allows_local_files"
  }

  /// A scenario.
  public init(
    id: String, sandboxID: String, specID: String, task: AgentTask, parameters: [String: JSONValue] = [:],
    seed: Int64 = 0, replica: Int = 0, allowsLocalFiles: Bool = false
  ) {
    self.id = id
    self.sandboxID = sandboxID
    self.specID = specID
    self.task = task
    self.parameters = parameters
    self.seed = seed
    self.replica = replica
    self.allowsLocalFiles = allowsLocalFiles
  }
}

/// What the agent is asked to do.
public struct AgentTask: Codable, Sendable, Hashable {
  /// The prompt, with its templates filled in.
  public var prompt: String
  /// Additional structured information.
  public var context: [String: JSONValue]

  /// A task.
  public init(prompt: String, context: [String: JSONValue] = [:]) {
    self.prompt = prompt
    self.context = context
  }
}

/// What the agent did, as checks see it.
public struct AgentOutcome: Codable, Sendable, Hashable {
  /// The exit code of its main process; absent when a signal ended it or it has no process.
  public var exitCode: Int?
  /// The signal that ended its main process.
  public var signal: Int?
  /// What it answered: its stdout, of which the first and last 512 KiB are kept.
  public var output: String
  /// What it wrote to stderr, kept likewise.
  public var errorOutput: String
  /// How long it ran, in milliseconds.
  public var durationMilliseconds: Int

  enum CodingKeys: String, CodingKey {
    case signal, output
    case exitCode = "exit_code"
    case errorOutput = "error_output"
    case durationMilliseconds = "duration_ms"
  }

  /// An outcome.
  public init(
    exitCode: Int? = nil, signal: Int? = nil, output: String = "", errorOutput: String = "",
    durationMilliseconds: Int = 0
  ) {
    self.exitCode = exitCode
    self.signal = signal
    self.output = output
    self.errorOutput = errorOutput
    self.durationMilliseconds = durationMilliseconds
  }
}
