import ArgumentParser
import KeystoneKit
import KeystonePluginHost

/// The command `keystone plugin …`.
struct PluginCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin", abstract: "Shows plugins and what they provide, installs, sets, makes and tests them.",
    subcommands: [
      PluginListCommand.self, PluginShowCommand.self, PluginInstallCommand.self, PluginRemoveCommand.self,
      PluginEnableCommand.self, PluginDisableCommand.self, PluginSetCommand.self, PluginPreferCommand.self,
      PluginNewCommand.self, PluginValidateCommand.self, PluginRunCommand.self, PluginDocsCommand.self,
    ])
}

/// The command `keystone plugin list`.
struct PluginListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists every type with the plugin and the file it comes from, and every refusal.")

  @Option(help: "How to print: text or json.") var format: PrintFormat = .text
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    switch format {
    case .text: Terminal.show(PluginReport.list(registry))
    case .json: Terminal.show(PluginReport.listJSON(registry).pretty() + "\n")
    }
    await registry.shutdown()
  }
}

/// The command `keystone plugin show TYPE`.
struct PluginShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows what a type does, its parameters, and where it comes from.")

  @Argument(help: "A type, such as file_exists or acme/lines_at_most.") var type: String
  @Option(help: "How to print: text or json.") var format: PrintFormat = .text
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    let found = ExtensionPoint.allCases.compactMap { registry.type($0, type) }
    if found.isEmpty {
      let why = ExtensionPoint.allCases.lazy.compactMap { registry.explanation($0, type) }.first
      Terminal.complain(
        "error: \(why ?? "no plugin provides a type `\(type)`; `keystone plugin list` shows those installed")")
      await registry.shutdown()
      throw Exit.invalid
    }
    switch format {
    case .text: Terminal.show(found.map { PluginReport.show($0, registry) }.joined(separator: "\n"))
    case .json: Terminal.show(JSONValue.array(found.map { PluginReport.showJSON($0, registry) }).pretty() + "\n")
    }
    await registry.shutdown()
  }
}

/// How commands that show something print.
enum PrintFormat: String, ExpressibleByArgument { case text, json }
