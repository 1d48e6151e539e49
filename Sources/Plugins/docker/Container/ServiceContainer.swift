import KeystoneKit
import SandboxHelper

/// One service: its container, the program of its image, and what that wrote.
final class ServiceContainer: HelperCommands {
  let connection: HelperConnection
  let variables: SandboxVariables
  /// The container's id.
  let id: String
  private let arguments: [String]
  private let log = KeptOutput(limit: 64 << 10)
  private let ending = Locked<CommandStatus?>(nil)
  private let program = Locked<Task<Void, Never>?>(nil)

  init(
    _ container: RunningContainer, _ service: ServiceRequest, _ configuration: ImageConfiguration,
    folder: ContainerFolder
  ) {
    connection = container.connection
    id = container.id
    arguments = service.arguments.isEmpty ? configuration.arguments : service.arguments
    variables = SandboxVariables(image: configuration.environment, requested: service.environment)
  }

  /// What became of it.
  var status: ServiceStatus { ServiceStatus(end: ending.withLock { $0 }, log: log.text) }

  /// Starts the program.
  func begin() {
    let task = Task {
      do {
        let status = try await perform(Command(arguments, directory: ""), streams: log.streams)
        ending.withLock { $0 = status }
      } catch {
        // Its first process has ended, or the program does not exist.
        ending.withLock { $0 = CommandStatus(exitCode: 127) }
        try? await log.streams.output?.write(Array("\(PluginError(error).message)\n".utf8))
      }
    }
    program.withLock { $0 = task }
  }

  /// Ends everything in it.
  func end() {
    connection.send(.shutDown, 0)
    connection.close()
  }
}
