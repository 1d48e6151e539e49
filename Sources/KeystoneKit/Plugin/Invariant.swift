/// A check of the final state of a sandbox that answers with a score.
///
/// The host calls ``evaluate(_:in:)`` after the agent has ended, once per invariant of the spec that names the
/// type, one invariant after another. It runs on a thread of KeystoneKit and may block. When the check's
/// `timeout` is over or the run is cancelled, the task is cancelled and commands it runs in the sandbox are
/// killed; whatever it returns after that is not used.
///
/// Return a ``Score`` for anything the agent can be blamed for, a missing file included. Throw ``PluginError``
/// when the check could not judge: the scenario then has the verdict `error`, not a score of 0.
///
/// `validate` and ``sources`` may be left out. One that also works before the agent starts conforms to
/// ``Preparing``. The acceptance test is `InvariantConformance`.
public protocol Invariant: PluginType {
  /// What must be known of the agent's doings: `fileChanges` for a check that asks what the agent changed.
  static var sources: [AuditSource] { get }

  /// Judges the final state.
  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score
}

extension Invariant {
  /// Nothing but the final state.
  public static var sources: [AuditSource] { [] }
}
