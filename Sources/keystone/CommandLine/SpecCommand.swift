import ArgumentParser
import KeystoneExperiment
import KeystoneKit
import KeystonePluginHost
import KeystoneSpec

/// The command `keystone spec …`.
struct SpecCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spec", abstract: "Checks specs and prints their schema.",
    subcommands: [SpecCheckCommand.self, SpecSchemaCommand.self])
}

/// The command `keystone spec check FILE…`.
struct SpecCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Prints every problem of specs with its place; runs nothing.")

  @Argument(help: "The specs to check.") var files: [String]
  @Option(help: "How to print: text or json.") var format: PrintFormat = .text
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    var diagnostics: [SpecDiagnostic] = []
    for file in files { diagnostics += await SpecReading.read(file, registry: registry).diagnostics }
    await registry.shutdown()
    switch format {
    case .text:
      for diagnostic in diagnostics { Terminal.complain(diagnostic.rendered) }
      if diagnostics.isEmpty { Terminal.show("\(files.count == 1 ? files[0] : "\(files.count) specs"): no problems\n") }
    case .json: Terminal.show(JSONValue.array(diagnostics.map(\.json)).pretty() + "\n")
    }
    if diagnostics.contains(where: { $0.severity == .error }) { throw Exit.invalid }
  }
}

/// The command `keystone spec schema`.
struct SpecSchemaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Prints the JSON Schema of specs with the parameters of every installed type.")

  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    let registry = await host.registry()
    Terminal.show(SpecReading.schema(registry).merged().pretty() + "\n")
    await registry.shutdown()
  }
}
