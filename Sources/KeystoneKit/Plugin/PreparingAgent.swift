/// An agent that works before the scenario begins, after fixtures and before setup: for example to bring its files.
///
/// Only an agent that conforms to this is asked, on a thread of KeystoneKit, which may block. What it changes is part of the
/// sandbox the agent finds, and no change of the agent's. What it throws is an error of the scenario.
public protocol PreparingAgent: Agent {
  /// Works before the scenario begins.
  func prepare(_ parameters: Parameters, in context: AgentContext) async throws
}
