import ArgumentParser
import Glibc
import KeystoneKit
import KeystonePluginHost

/// The command `keystone sdk …`.
struct SDKCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sdk", abstract: "What plugin authors build with.", subcommands: [SDKPathCommand.self])
}

/// The command `keystone sdk path`.
struct SDKPathCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "path", abstract: "Prints the folder with KeystoneKit, the test kit, the headers and the templates.")

  func run() async throws { Terminal.show(try SDK.folder() + "\n") }
}

/// The SDK of this installation.
enum SDK {
  /// Its folder, beside the built-ins.
  static func folder() throws -> String {
    let folder = "\(Installation.current.builtinsFolder)/sdk"
    guard access("\(folder)/plugin.mk", F_OK) == 0 else {
      Terminal.complain("error: there is no SDK in \(folder): run `make sdk` in a checkout, or `make install`")
      throw Exit.invalid
    }
    return folder
  }
}
