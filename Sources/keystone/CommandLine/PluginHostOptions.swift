import ArgumentParser
import KeystonePluginHost

/// What every command that looks at plugins has.
struct PluginHostOptions: ParsableArguments {
  @Flag(
    name: [.long, .customLong("allow-unconfined-plugins", withSingleDash: true)],
    help: "Run installed plugins without confinement where bubblewrap is missing.")
  var allowUnconfinedPlugins = false

  /// The options for the registry.
  func options(flags: [String: String] = [:], environment: [String: String] = processEnvironment()) -> PluginOptions {
    PluginOptions(flags: flags, environment: environment, allowUnconfined: allowUnconfinedPlugins)
  }

  /// The plugins of this installation.
  func registry() async -> PluginRegistry { await PluginRegistry.open(.current, options: options()) }
}
