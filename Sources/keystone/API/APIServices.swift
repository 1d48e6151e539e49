package import KeystoneExperiment
package import KeystoneSandbox
package import KeystoneStore

/// What the handlers of routes work with; a group takes from it what it needs.
package struct APIServices: Sendable {
  /// Where everything is kept.
  package var store: SQLiteStore
  /// What the daemon counts.
  package var metrics: APIMetrics
  /// Finds out who makes a request.
  package var authenticator: Authenticator
  /// The sandboxes of this process.
  package var directory: SandboxDirectory
  /// The URL under which clients reach the daemon.
  package var baseURL: String
  /// What runs things; a server for sandboxes alone has none.
  package var engine: Engine?

  /// What makes sandboxes and runs experiments.
  package struct Engine: Sendable {
    /// The plugins and the runtime as they are now.
    package var host: CurrentHost
    /// Builds sandboxes.
    package var keeper: SandboxKeeper
    /// Runs experiments.
    package var experiments: ExperimentEngine
    /// The secrets of workspaces and experiments.
    package var secrets: SecretBook
    /// Takes new generations of plugins.
    package var generations: PluginGenerations
    /// Evaluates alerts as runs complete.
    package var alerts: AlertService
    /// Scores runs afterwards.
    package var scoring: OfflineScoring
    /// Asks judges.
    package var judging: Judging
    /// Looks at finished workflows.
    package var behaviors: BehaviorWatch
    /// Where agents' bundles lie.
    package var snapshots: SnapshotFolder

    /// An engine.
    package init(
      host: CurrentHost, keeper: SandboxKeeper, experiments: ExperimentEngine, secrets: SecretBook,
      generations: PluginGenerations, alerts: AlertService, scoring: OfflineScoring, judging: Judging,
      behaviors: BehaviorWatch, snapshots: SnapshotFolder
    ) {
      self.host = host
      self.keeper = keeper
      self.experiments = experiments
      self.secrets = secrets
      self.generations = generations
      self.alerts = alerts
      self.scoring = scoring
      self.judging = judging
      self.behaviors = behaviors
      self.snapshots = snapshots
    }
  }

  /// Services.
  package init(
    store: SQLiteStore, metrics: APIMetrics, authenticator: Authenticator, directory: SandboxDirectory,
    baseURL: String, engine: Engine? = nil
  ) {
    self.store = store
    self.metrics = metrics
    self.authenticator = authenticator
    self.directory = directory
    self.baseURL = baseURL
    self.engine = engine
  }
}
