import ArgumentParser
import KeystoneKit
import KeystonePluginHost

/// The command `keystone plugin install FILE`.
struct PluginInstallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install", abstract: "Copies a plugin into your data folder, after showing what it may reach.")

  @Argument(help: "The plugin's shared library.") var file: String
  @Flag(name: [.long, .short], help: "Agree to the permissions it asks for.") var yes = false
  @Flag(help: "Let it replace a newer version.") var downgrade = false
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let installer = PluginInstaller(.current, options: host.options())
    try await reporting {
      let candidate = try await installer.examine(file)
      let descriptor = candidate.descriptor
      let types = descriptor.types.map { "\($0.point.rawValue) \($0.type)" }.joined(separator: ", ")
      Terminal.show("\(descriptor.name) \(descriptor.version): \(types)\n  sha256 \(candidate.digest)\n")
      let wanted = descriptor.permissions.words
      Terminal.show(wanted.isEmpty ? "  asks for no permissions\n" : wanted.map { "  asks to \($0)\n" }.joined())
      guard wanted.isEmpty || yes || Terminal.agrees("Allow this? [y/N] ") else {
        throw PluginError(.denied, "\(descriptor.name) was not installed: agree to its permissions with --yes")
      }
      try installer.install(candidate, isDowngradeAllowed: downgrade)
      Terminal.show("installed; `keystone plugin list` shows it, and a running daemon takes it at SIGHUP\n")
    }
  }
}

/// The command `keystone plugin remove NAME`.
struct PluginRemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Removes an installed plugin and what was set for it.")

  @Argument(help: "The plugin's name.") var name: String

  func run() async throws { try await reporting { try PluginInstaller(.current).remove(name) } }
}

/// The command `keystone plugin enable NAME`.
struct PluginEnableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Uses a plugin again that was disabled.")

  @Argument(help: "The plugin's name.") var name: String
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    try await reporting { try PluginInstaller(.current).setEnabled(true, name, in: registry) }
  }
}

/// The command `keystone plugin disable NAME`.
struct PluginDisableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Stops using a plugin, a built-in one too, without removing it.")

  @Argument(help: "The plugin's name.") var name: String
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    try await reporting { try PluginInstaller(.current).setEnabled(false, name, in: registry) }
  }
}

/// The command `keystone plugin set NAME key=value…`.
struct PluginSetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Records settings of a plugin, and where it runs; flags and environment variables win over them.")

  @Argument(help: "The plugin's name.") var name: String
  @Argument(help: "Settings as key=value; `keystone plugin show TYPE` lists them.") var settings: [String] = []
  @Option(
    help: """
      Where it runs: `isolated`, in a process of its own that reaches what it was permitted, or `in-process`, which is faster \
      and shares this program's fate and all of its rights.
      """)
  var home: PluginHome?
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    try await reporting {
      guard home != nil || !settings.isEmpty else {
        throw PluginError(.invalid, "nothing is to be set: give settings as key=value, or --home")
      }
      if let home { try PluginInstaller(.current).setHome(home, of: name, in: registry) }
      for setting in settings {
        guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
          throw PluginError(.invalid, "`\(setting)` is not key=value: write for example judge-url=https://…")
        }
        let value = String(setting[setting.index(after: equals)...])
        try PluginInstaller(.current).set(value, for: String(setting[..<equals]), of: name, in: registry)
      }
    }
  }
}

extension PluginHome: ExpressibleByArgument {}

/// The command `keystone plugin prefer TYPE NAME`.
struct PluginPreferCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prefer", abstract: "Decides which plugin a type's plain name means when two provide it.")

  @Argument(help: "The type, or point:type.") var type: String
  @Argument(help: "The plugin's name.") var name: String
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    try await reporting { try PluginInstaller(.current).prefer(type, name, in: registry) }
  }
}

/// Runs `body` and turns its error into one line and the exit code for a wrong command line.
private func reporting(_ body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch let error as PluginError {
    Terminal.complain("error: \(error.message)")
    if let detail = error.detail, !detail.isEmpty { Terminal.complain(detail) }
    throw Exit.invalid
  }
}
