package import KeystoneKit

/// A call of a plugin that is under way.
///
/// Whoever begins one awaits its ``result()``.
package struct PluginCall: Sendable {
  let call: OutgoingCall
  let runner: PluginRunner
  let running: RunningPlugin
  /// When the call's time is over.
  let deadline: ContinuousClock.Instant?

  /// What the plugin sends on `channel`.
  package func input(_ channel: UInt32) -> ChannelInput { call.input(channel) }

  /// What the host sends on `channel`.
  package func output(_ channel: UInt32) -> ChannelOutput { call.output(channel) }

  /// Asks the plugin to end the call; the outcome still comes, at the latest after the grace period.
  package func cancel() { call.cancel() }

  /// Waits for the reply's body; cancelling the task cancels the call.
  ///
  /// - Throws: ``PluginError``: the plugin's own, or one that names the plugin when it crashed or did not answer.
  package func result() async throws -> [UInt8] {
    let body: [UInt8]
    do {
      body = try await call.result()
      runner.ended(running)
    } catch {
      runner.ended(running)
      throw runner.named(PluginError(error))
    }
    // What comes when the time is over is not used, whether it was asked to stop or not.
    if let deadline, ContinuousClock.now > deadline {
      throw runner.named(PluginError(.deadline, "it answered when its time was over, which is too late"))
    }
    return body
  }
}
