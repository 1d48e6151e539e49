public import KeystoneKit

/// How check results become a verdict.
public struct SpecScoring: Sendable, Hashable {
  /// The composite score that passes, 0 to 1.
  public var passThreshold = 1.0
  /// How the runs of one group become its verdict.
  public var aggregation = SpecAggregation.allMustPass
}

/// How the runs of one group become its verdict.
public enum SpecAggregation: Sendable, Hashable {
  /// Every run passes.
  case allMustPass
  /// More than half of the runs pass.
  case majority
  /// At least this share of the runs passes, 0 to 1.
  case percentage(minPassRate: Double)
}

/// How often and with which parameters the scenario runs.
public struct SpecParallelism: Sendable, Hashable {
  /// The runs per matrix entry and dataset record, 1 or more.
  public var replicas = 1
  /// The parameter sets, in document order; empty means one set without parameters.
  public var matrix: [[String: JSONValue]] = []
  /// How many scenarios may run at once, when the document says so.
  public var concurrency: Int?
}

/// A dataset whose records drive the scenario.
public struct SpecDataset: Sendable, Hashable {
  /// The dataset's identifier or name.
  public var id: String
  /// The version whose records are used; `nil` means the newest.
  public var version: Int?
  /// Only records with one of these tags are used; empty means all.
  public var tags: [String]
  /// The largest number of records, when the document gives one.
  public var limit: Int?
}

/// What is pinned for reproducible runs.
public struct SpecDeterminism: Sendable, Hashable {
  /// The time that the sandbox believes it is.
  public var clock: Timestamp?
  /// The seed of random numbers.
  public var seed: UInt64?
  /// Whether names always resolve to the same addresses.
  public var hasStaticDNS = false
}

/// What is kept after a run.
public struct SpecTeardown: Sendable, Hashable {
  /// Whether exports also run after an agent that failed.
  public var alwaysRun = false
  /// What is exported, in document order.
  public var export: [SpecExport] = []
}

/// One artifact that is kept after a run.
public struct SpecExport: Sendable, Hashable {
  /// What is exported.
  public enum Kind: String, Sendable, Hashable {
    /// The audit log.
    case auditLog = "audit_log"
    /// A dump of a service's database.
    case dbDump = "db_dump"
    /// The workspace.
    case snapshot
    /// The requests that a mock recorded.
    case mockRequests = "mock_requests"
  }

  /// What is exported.
  public var kind: Kind
  /// The service that it comes from, where the kind needs one.
  public var service: String?
  /// Where it goes, relative to the run's artifact folder.
  public var to: String
}

/// When the sandbox is checkpointed.
public struct SpecSnapshots: Sendable, Hashable {
  /// Whether a checkpoint is taken after each command.
  public var checkpointsPerAction = false
}
