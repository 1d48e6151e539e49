import ArgumentParser
import Glibc
import KeystoneKit
import KeystonePluginHost
import KeystonePluginValidation

/// The command `keystone plugin validate FILE`.
struct PluginValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Tests a plugin's file: what it says of itself, and the conformance suite of every type it provides.",
    discussion: "Exit code: 0 when everything holds, 1 when something does not, 2 when the command line is wrong.")

  @Argument(help: "The plugin's shared library.") var file: String
  @Option(help: "Parameters to test a type with, as TYPE=JSON; made from its schema otherwise. May be repeated.")
  var params: [String] = []
  @Option(help: "How to print: text or json.") var format: PrintFormat = .text
  @OptionGroup var host: PluginHostOptions

  func run() async throws {
    guard let resolved = realpath(file, nil) else {
      Terminal.complain("error: \(file): \(String(cString: strerror(errno))); name the .so file that the build made")
      throw Exit.invalid
    }
    defer { free(resolved) }
    let validator = PluginValidator(
      file: String(cString: resolved), installation: .current, samples: try samples(),
      isUnconfined: host.allowUnconfinedPlugins)
    let report = await validator.run()
    switch format {
    case .text: Terminal.show(report.text)
    case .json: Terminal.show(report.json.pretty() + "\n")
    }
    if !report.isPassed { throw Exit.failed }
  }

  private func samples() throws -> [String: JSONValue] {
    var samples: [String: JSONValue] = [:]
    for text in params {
      guard let equals = text.firstIndex(of: "="),
        let value = try? JSONValue(parsing: String(text[text.index(after: equals)...]))
      else {
        Terminal.complain(
          "error: `\(text)` is not TYPE=JSON: write for example --params 'lines_at_most={\"path\": \"a\"}'")
        throw Exit.invalid
      }
      samples[String(text[..<equals])] = value
    }
    return samples
  }
}
