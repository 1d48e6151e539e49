package import KeystoneKit

/// The main program of a service, which the helper of the service's own sandbox runs.
package final class ServiceProgram: HelperCommands {
  package let connection: HelperConnection
  package let variables: SandboxVariables
  private let command: Command
  private let log = KeptOutput(limit: 64 << 10)
  private let ending = Locked<CommandStatus?>(nil)

  /// A program that is not started yet; `command` is what runs, with `variables`.
  package init(_ command: Command, variables: SandboxVariables, connection: HelperConnection) {
    self.command = command
    self.variables = variables
    self.connection = connection
  }

  /// What became of it.
  package var status: ServiceStatus { ServiceStatus(end: ending.withLock { $0 }, log: log.text) }

  /// Starts the program; it ends with the connection.
  package func begin() {
    Task {
      do {
        let status = try await perform(command, streams: log.streams)
        ending.withLock { $0 = status }
      } catch {
        // Its first process has ended, or there is no such program.
        try? await log.streams.output?.write(Array("\(PluginError(error).message)\n".utf8))
        ending.withLock { $0 = CommandStatus(exitCode: 127) }
      }
    }
  }
}
