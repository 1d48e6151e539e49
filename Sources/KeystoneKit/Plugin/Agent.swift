/// A way to run the agent that is being judged.
///
/// The host calls ``run(_:in:)`` once per scenario. It runs on a thread of KeystoneKit and may block. When
/// `agent.timeout` is over or the run is cancelled, the task is cancelled and everything started in the
/// sandbox is killed.
///
/// Use ``AgentContext/runAgent(_:input:)`` for an agent that is a program in the sandbox: the host then keeps
/// its output. Return how it ended; a non-zero exit code is judged by the checks and is no error. Throw
/// ``PluginError`` when the agent could not be started or reached: the scenario then has the verdict `error`.
///
/// The acceptance test is `AgentConformance`.
public protocol Agent: PluginType {
  /// Runs the task to its end.
  func run(_ parameters: Parameters, in context: AgentContext) async throws -> AgentResult
}

/// An agent that is an image of its own: it needs a runtime that can run one beside the sandbox (``ImageRunning``).
///
/// Use ``AgentContext/runAgent(_:image:input:)`` to run it.
public protocol ImageAgent: Agent {}
