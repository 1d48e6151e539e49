import KeystoneKit
import SandboxHelper

/// The services of one sandbox: each a sandbox of its own, without any network, reached by the host at Unix sockets.
final class LocalServices: Sendable {
  private struct Service: Sendable {
    var sandbox: LocalSandbox
    var program: ServiceProgram
  }

  private struct State {
    var running: [String: Service] = [:]
    var isOver = false
  }

  private let start: SandboxStart
  private let state = Locked(State())

  /// The services of the sandbox that `start` makes.
  init(of start: SandboxStart) { self.start = start }

  /// Starts a service by its recipe.
  func run(_ service: ServiceRequest) async throws -> ServiceEndpoint {
    let recipe = try ServiceRecipes.find(for: service)
    let request = SandboxRequest(
      id: "\(start.request.id)-\(service.name)", instance: start.request.instance,
      folder: "\(start.request.folder)/services/\(service.name)", base: service.image)
    let sandbox = try await SandboxStart(
      request, isolation: start.isolation, program: start.program, cache: start.cache
    ).run()
    let workspace = sandbox.environment.workspacePath
    var variables = sandbox.variables
    variables.own.merge(recipe.variables(workspace: workspace)) { _, new in new }
    variables.requested = service.environment
    let arguments = service.arguments.isEmpty ? recipe.command(workspace: workspace) : Command(service.arguments)
    let program = ServiceProgram(arguments, variables: variables, connection: sandbox.connection)
    let isOver = state.withLock { state in
      if !state.isOver { state.running[service.name] = Service(sandbox: sandbox, program: program) }
      return state.isOver
    }
    guard !isOver else {
      try await sandbox.destroy()
      throw CancellationError()
    }
    program.begin()
    let ports = recipe.ports(service.environment)
    let sockets = ports.map { ("\($0)", "\(sandbox.folder.workspace)/\(recipe.socket($0))") }
    return ServiceEndpoint(
      sockets: Dictionary(sockets, uniquingKeysWith: { $1 }), ports: ports,
      version: "\(recipe.version) of this machine, for \(service.image)")
  }

  /// The program of the service `name`.
  func find(_ name: String) throws(PluginError) -> ServiceProgram {
    guard let service = state.withLock({ $0.running[name] }) else {
      throw PluginError(.notFound, "the sandbox \(start.request.id) has no service \(name)")
    }
    return service.program
  }

  /// Ends every service and removes what it left.
  func destroy() async throws {
    let services = state.withLock { state in
      state.isOver = true
      defer { state.running = [:] }
      return Array(state.running.values)
    }
    try await withThrowingTaskGroup { group in
      for service in services { group.addTask { try await service.sandbox.destroy() } }
      try await group.waitForAll()
    }
  }
}

extension LocalSandbox: ServiceHosting {
  func startService(
    _ service: ServiceRequest, progress: @escaping @Sendable (String) -> Void
  ) async throws -> ServiceEndpoint {
    try await services.run(service)
  }

  func execute(_ command: Command, inService name: String, streams: CommandStreams) async throws -> CommandStatus {
    try await services.find(name).perform(command, streams: streams)
  }

  func serviceStatus(_ name: String) async throws -> ServiceStatus { try services.find(name).status }
}
