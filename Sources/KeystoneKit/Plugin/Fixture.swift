/// Something that changes a fresh sandbox before setup and the agent.
///
/// The host calls ``apply(_:in:)`` once per entry of `fixtures`, in document order. It runs on a thread of
/// KeystoneKit and may block. When the fixture's `timeout` is over or the run is cancelled the task is cancelled.
///
/// Throw ``PluginError`` when the fixture cannot be applied: the boot fails with `applying fixtures: …`.
/// The acceptance test is `FixtureConformance`.
public protocol Fixture: PluginType {
  /// Changes the sandbox.
  func apply(_ parameters: Parameters, in context: FixtureContext) async throws
}
