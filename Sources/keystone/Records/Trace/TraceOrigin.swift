/// Whose events are ingested, and what they belong to.
public struct TraceOrigin: Sendable, Hashable {
  /// The workspace.
  public var workspace: String
  /// The sandbox; `nil` in agent mode.
  public var sandbox: String?
  /// The experiment of that sandbox, when it belongs to one.
  public var experiment: String?
  /// The id of the agent snapshot that runs in that sandbox, when one does.
  public var snapshot: String?
  /// The agent, where events do not name one.
  public var agent: String?

  /// An origin.
  public init(
    workspace: String, sandbox: String? = nil, experiment: String? = nil, snapshot: String? = nil, agent: String? = nil
  ) {
    self.workspace = workspace
    self.sandbox = sandbox
    self.experiment = experiment
    self.snapshot = snapshot
    self.agent = agent
  }
}
