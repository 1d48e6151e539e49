import ArgumentParser
import KeystoneKit

/// The command `keystone plugin new NAME`.
struct PluginNewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Makes a folder with a small plugin that builds, passes its tests and works as it stands.",
    discussion: "In the folder, `make` builds the plugin, `make test` tests it and `make example` runs its spec.")

  @Argument(help: "The plugin's name, which is also the folder: a letter, then lower-case letters, digits, - and _.")
  var name: String
  @Option(help: "What it extends: \(ExtensionPoint.allCases.map(\.rawValue).joined(separator: ", ")).") var kind: Kind
  @Option(help: "The language: swift, c or rust.") var lang = "swift"

  func validate() throws {
    let letters = name.utf8
    let isName =
      (1...48).contains(letters.count) && letters.first.map { (0x61...0x7a).contains($0) } == true
      && letters.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x5f }
    guard isName else {
      throw ValidationError("`\(name)` is no name for a plugin: a letter, then lower-case letters, digits, - and _")
    }
  }

  func run() async throws {
    let sdk = try SDK.folder()
    let template = PluginTemplate(folder: "\(sdk)/templates/\(lang)-\(kind.point.rawValue)", sdk: sdk)
    guard template.exists else {
      let all = PluginTemplate.names(in: "\(sdk)/templates").joined(separator: ", ")
      Terminal.complain("error: there is no template for a \(kind.point.rawValue) in \(lang); there are \(all)")
      throw Exit.invalid
    }
    do {
      try template.copy(to: name, named: name)
    } catch let error as PluginError {
      Terminal.complain("error: \(error.message)")
      throw Exit.invalid
    }
    Terminal.show("made \(name): next, `cd \(name)`, `make`, `make test`, `make example`\n")
  }

  /// An extension point, as an argument.
  struct Kind: ExpressibleByArgument {
    var point: ExtensionPoint
    init?(argument: String) {
      guard let point = ExtensionPoint(rawValue: argument) else { return nil }
      self.point = point
    }
  }
}
