import KeystoneKit
import SandboxHelper

/// The services of one sandbox: containers on a private network of their own.
///
/// The network is `internal`: nothing on it reaches the outside. The host reaches each service at its address there; the
/// agent's container is not on it.
final class ServiceContainers: Sendable {
  private struct State {
    var network: Task<String, any Error>?
    var running: [String: ServiceContainer] = [:]
    var isOver = false
  }

  private let engine: EngineClient
  private let labels: EngineLabels
  private let folder: String
  private let program: String
  private let state = Locked(State())

  /// The services of a sandbox whose own folder is `folder`.
  init(_ engine: EngineClient, labels: EngineLabels, folder: String, program: String) {
    self.engine = engine
    self.labels = labels
    self.folder = folder
    self.program = program
  }

  /// The service of that name.
  func find(_ name: String) throws(PluginError) -> ServiceContainer {
    guard let service = state.withLock({ $0.running[name] }) else {
      throw PluginError(.notFound, "the sandbox \(labels.sandbox) has no service \(name)")
    }
    return service
  }

  /// Starts a service's container and the program of its image in it.
  func start(
    _ service: ServiceRequest, progress: @escaping @Sendable (String) -> Void
  ) async throws -> ServiceEndpoint {
    let configuration = try await engine.configuration(of: service.image, progress: progress)
    let network = try await network()
    let plan = ContainerPlan(
      name: "keystone-\(labels.sandbox)-\(service.name)", image: service.image, labels: labels, role: "service",
      folder: ContainerFolder(path: "\(folder)/services/\(service.name)"), program: program,
      directory: configuration.directory, user: configuration.user.isEmpty ? nil : configuration.user,
      network: (network, service.name))
    let container = try await ContainerStart(engine: engine, plan: plan).run()
    let running = ServiceContainer(container, service, configuration)
    let isOver = state.withLock { state in
      if !state.isOver { state.running[service.name] = running }
      return state.isOver
    }
    guard !isOver else {
      await engine.removeContainer(container.id)
      throw CancellationError()
    }
    let address = try await address(of: container.id, on: network)
    running.program.begin()
    return ServiceEndpoint(
      address: address, ports: service.ports.isEmpty ? configuration.ports : service.ports,
      version: "image \(service.image) \(configuration.id)")
  }

  /// Ends every service and removes the network; nothing happens the second time.
  func destroy() async {
    let (running, network) = state.withLock { state in
      state.isOver = true
      defer { (state.running, state.network) = ([:], nil) }
      return (Array(state.running.values), state.network)
    }
    await withTaskGroup { group in
      for service in running {
        group.addTask { [engine] in
          service.end()
          await engine.removeContainer(service.id)
        }
      }
    }
    guard let id = try? await network?.value else { return }
    _ = try? await engine.call("DELETE", "/networks/\(id)")
  }

  /// The private network, made when the first service asks for it.
  private func network() async throws -> String {
    let task = state.withLock { state in
      if let task = state.network { return task }
      let task = Task { try await makeNetwork() }
      state.network = task
      return task
    }
    return try await task.value
  }

  private func makeNetwork() async throws -> String {
    let name = "keystone-\(labels.sandbox)"
    let request: JSONValue = [
      "Name": .string(name), "CheckDuplicate": true, "Internal": true, "Driver": "bridge",
      "Labels": labels.json(role: "network"),
    ]
    do {
      guard let id = try await engine.call("POST", "/networks/create", request)["Id"]?.string else {
        throw PluginError(.internal, "the \(engine.name) gave the network \(name) no id; look at the engine's log")
      }
      return id
    } catch let error as EngineFailure {
      var failure = error.error("making the network \(name)")
      failure.detail =
        "NETWORK_ERROR: look at `docker network ls`; each sandbox with services needs a network of its own"
      throw failure
    }
  }

  private func address(of id: String, on network: String) async throws -> String {
    do {
      let networks = try await engine.call("GET", "/containers/\(id)/json")["NetworkSettings"]?["Networks"]?.object
      if let address = networks?.values.lazy.compactMap({ $0["IPAddress"]?.string }).first(where: { !$0.isEmpty }) {
        return address
      }
    } catch let error as EngineFailure {
      throw error.error("looking at the container \(id)")
    }
    throw PluginError(
      .unavailable, "the container \(id) has no address on its network: its first process has ended",
      detail: "NETWORK_ERROR")
  }
}
