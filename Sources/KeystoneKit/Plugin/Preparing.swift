/// An invariant that works before the agent starts, after setup: for example to put aside what the agent must not change.
///
/// Only an invariant that conforms to this is asked, once per invariant of the spec that names the type, on a thread of
/// KeystoneKit, which may block. What it throws is an error of the scenario, whose agent is then not started.
public protocol Preparing: Invariant {
  /// Works before the agent starts.
  func prepare(_ parameters: Parameters, in context: CheckContext) async throws
}
