package import KeystoneKit

/// Where a plugin's code runs.
package enum PluginHome: String, Codable, Sendable, CaseIterable {
  /// In this process.
  case inProcess = "in-process"
  /// In a process of its own.
  case isolated
}

/// What the operator decided for this run of the host.
package struct PluginOptions: Sendable {
  /// Values of plugins' settings from the command line, by flag without its dashes.
  package var flags: [String: String]
  /// The host's environment, from which settings and permitted variables are taken.
  package var environment: [String: String]
  /// Whether installed plugins may run unconfined where bubblewrap does not work.
  package var allowUnconfined: Bool
  /// Where plugins run, by their name, when not where they would by themselves.
  package var homes: [String: PluginHome]
  /// Takes what plugins log outside of any scenario.
  package var log: @Sendable (PluginLogLine) -> Void

  /// Options, each of which may be left out.
  package init(
    flags: [String: String] = [:], environment: [String: String] = [:], allowUnconfined: Bool = false,
    homes: [String: PluginHome] = [:], log: @escaping @Sendable (PluginLogLine) -> Void = { _ in }
  ) {
    self.flags = flags
    self.environment = environment
    self.allowUnconfined = allowUnconfined
    self.homes = homes
    self.log = log
  }
}

/// A line that a plugin logged outside of any scenario.
package struct PluginLogLine: Sendable, Equatable {
  /// The plugin's name.
  package var plugin: String
  /// How important it is.
  package var level: LogLevel
  /// What it says.
  package var message: String
  /// What it adds.
  package var values: [String: JSONValue]
}
