/// An invariant's finding.
public struct Score: Codable, Sendable, Hashable {
  /// From 0, wrong, to 1, right; values outside are refused by the host.
  public var value: Double
  /// Whether it counts as passed, for gates and people.
  public var isPassed: Bool
  /// Why, in one sentence.
  public var reason: String

  enum CodingKeys: String, CodingKey {
    case reason
    case value = "score"
    case isPassed = "passed"
  }

  /// A graded finding, passed at 0.5 and above unless said otherwise.
  public init(_ value: Double, passed: Bool? = nil, reason: String) {
    self.value = value
    self.isPassed = passed ?? (value >= 0.5)
    self.reason = reason
  }

  /// Right.
  public static func pass(_ reason: String) -> Score { Score(1, passed: true, reason: reason) }

  /// Wrong.
  public static func fail(_ reason: String) -> Score { Score(0, passed: false, reason: reason) }
}

/// Something an agent did that a forbidden rule does not allow.
public struct Violation: Codable, Sendable, Hashable {
  /// What was done, in one sentence that quotes the record.
  public var message: String
  /// The number of the audit record that shows it.
  public var record: Int?

  /// A violation.
  public init(_ message: String, record: Int? = nil) {
    self.message = message
    self.record = record
  }
}

/// How an agent ended.
public struct AgentResult: Codable, Sendable, Hashable {
  /// How its main process ended, for agents that have one.
  public var status: CommandStatus?
  /// What it answered, for agents whose answer is not the stdout of a command run by `runAgent`.
  public var output: String?

  /// The end of a process.
  public init(status: CommandStatus) { self.status = status }

  /// An answer.
  public init(output: String) { self.output = output }
}

/// What a notifier is asked to tell.
public struct Alert: Codable, Sendable, Hashable {
  /// The id of this firing, the same for every attempt to deliver it.
  public var id: String
  /// The id of the rule.
  public var ruleID: String
  /// The name of the rule.
  public var name: String
  /// The condition, such as `pass_rate < 0.8`.
  public var condition: String
  /// The value that met the condition.
  public var value: Double
  /// The id of the spec.
  public var specID: String
  /// The id of the experiment.
  public var experimentID: String
  /// When it fired, RFC 3339 in UTC.
  public var firedAt: String

  enum CodingKeys: String, CodingKey {
    case id, name, condition, value
    case ruleID = "rule_id"
    case specID = "spec_id"
    case experimentID = "experiment_id"
    case firedAt = "fired_at"
  }

  /// An alert.
  public init(
    id: String, ruleID: String, name: String, condition: String, value: Double, specID: String, experimentID: String,
    firedAt: String
  ) {
    self.id = id
    self.ruleID = ruleID
    self.name = name
    self.condition = condition
    self.value = value
    self.specID = specID
    self.experimentID = experimentID
    self.firedAt = firedAt
  }

  /// Why it fired, in one sentence.
  public var reason: String { "\(name): \(condition), the value is \(value)" }
}

/// One record of the audit log.
public struct AuditRecord: Codable, Sendable, Hashable {
  /// The record's number, from 1.
  public var sequence: Int
  /// When, RFC 3339 in UTC by the host's clock.
  public var timestamp: String
  /// `setup`, `agent`, `check:<name>` or `teardown`.
  public var phase: String
  /// Who: `agent`, `host`, or the name of a plugin's type.
  public var actor: String
  /// What kind of event it is, such as `stdout` or `process_spawn`.
  public var event: String
  /// The members of that event.
  public var data: [String: JSONValue]
  /// The names of the secrets found in it; their values are masked.
  public var secrets: [String]

  enum CodingKeys: String, CodingKey {
    case phase, actor, event, data, secrets
    case sequence = "seq"
    case timestamp = "ts"
  }

  /// A record.
  public init(
    sequence: Int, timestamp: String, phase: String, actor: String, event: String, data: [String: JSONValue],
    secrets: [String] = []
  ) {
    self.sequence = sequence
    self.timestamp = timestamp
    self.phase = phase
    self.actor = actor
    self.event = event
    self.data = data
    self.secrets = secrets
  }
}
