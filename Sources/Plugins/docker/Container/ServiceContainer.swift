import KeystoneKit
import SandboxHelper

/// One service: its container, and the program of its image in it.
struct ServiceContainer: Sendable {
  /// The container's id.
  let id: String
  let program: ServiceProgram

  init(_ container: RunningContainer, _ service: ServiceRequest, _ configuration: ImageConfiguration) {
    id = container.id
    let arguments = service.arguments.isEmpty ? configuration.arguments : service.arguments
    program = ServiceProgram(
      Command(arguments),
      variables: SandboxVariables(image: configuration.environment, requested: service.environment),
      connection: container.connection)
  }

  /// Ends everything in it.
  func end() {
    program.connection.send(.shutDown, 0)
    program.connection.close()
  }
}
