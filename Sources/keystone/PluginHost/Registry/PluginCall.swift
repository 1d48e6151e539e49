package import KeystoneKit

/// A call of a plugin that is under way.
///
/// Whoever begins one awaits its ``result()``.
package struct PluginCall: Sendable {
  let call: OutgoingCall
  let runner: PluginRunner
  let running: RunningPlugin

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
    do {
      let body = try await call.result()
      runner.ended(running)
      return body
    } catch {
      runner.ended(running)
      throw runner.named(PluginError(error))
    }
  }
}
