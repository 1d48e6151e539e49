/// A constraint on what an agent did on its way, whatever the end state looks like.
///
/// The host calls ``violations(_:in:)`` when the agent has ended and its end state is sealed, before the first
/// invariant. It runs on a thread of KeystoneKit and may block; cancellation is as for ``Invariant``.
///
/// Only what the agent did is visible in the context, never what setup or checks did. Return every violation
/// found, none when the rule was kept. Throw ``PluginError`` when the rule could not be evaluated: the host
/// then counts it as violated and the scenario as `error`.
///
/// ``sources`` names what must be observed. When the runtime cannot, the scenario is an `error` before the
/// agent starts. The acceptance test is `ForbiddenRuleConformance`.
public protocol ForbiddenRule: PluginType {
  /// What must be observed while the agent runs.
  static var sources: [AuditSource] { get }

  /// Finds what the agent did that is not allowed.
  func violations(_ parameters: Parameters, in context: CheckContext) async throws -> [Violation]
}
