import ArgumentParser
import Glibc
import KeystoneKit
import KeystonePluginHost

/// The `keystone` command.
@main
struct Keystone: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keystone",
    abstract: "Runs AI agents many times in identical, isolated worlds and judges each run.",
    version: keystoneKitVersion,
    subcommands: [
      ServeCommand.self, EvalCommand.self, SpecCommand.self, PluginCommand.self, SDKCommand.self, KeyCommand.self,
      SecretCommand.self, StoreCommand.self,
    ])

  /// Runs the command the arguments name.
  ///
  /// A command line that cannot be understood ends with ``Exit/invalid``, and whatever nobody foresaw, such as a full
  /// disk, with ``Exit/couldNotRun``: 1 is kept for agents that failed.
  static func main() async {
    do {
      var command = try parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
    } catch {
      await showSettings(after: error)
      switch exitCode(for: error) {
      case .validationFailure:
        Terminal.complain(fullMessage(for: error))
        Glibc.exit(Exit.invalid.rawValue)
      case .failure where !(error is ExitCode):
        Terminal.complain("error: \(message(for: error))")
        Glibc.exit(Exit.couldNotRun.rawValue)
      default: exit(withError: error)
      }
    }
  }

  /// The command line; one of flags only, such as `keystone -port 8012`, is the daemon's.
  private static var arguments: [String] {
    let words = Array(CommandLine.arguments.dropFirst())
    guard let first = words.first, first.hasPrefix("-") else { return words }
    return ["-h", "--help", "-help", "--version"].contains(first) || first.hasPrefix("--generate-completion")
      || first.hasPrefix("--experimental") ? words : ["serve"] + words
  }

  /// Ends the help of `eval run` with the settings that the installed plugins declare, which are its flags too.
  private static func showSettings(after error: any Error) async {
    let message = fullMessage(for: error)
    guard exitCode(for: error) == .success, message.contains("USAGE: keystone eval run") else { return }
    let registry = await PluginRegistry.open(.current, options: PluginOptions(environment: processEnvironment()))
    Terminal.show("\(message)\nSETTINGS OF PLUGINS:\n\(PluginReport.settings(registry))")
    await registry.shutdown()
    exit()
  }
}

/// The exit codes of every command.
enum Exit {
  /// Everything passed.
  static let passed = ExitCode(0)
  /// Something failed.
  static let failed = ExitCode(1)
  /// The spec or the command line is wrong.
  static let invalid = ExitCode(2)
  /// Something could not run.
  static let couldNotRun = ExitCode(3)
}
