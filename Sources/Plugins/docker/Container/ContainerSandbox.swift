import KeystoneKit
import SandboxHelper

/// A sandbox that is a container, and the containers of its services.
final class ContainerSandbox: HelperSandbox {
  let environment: SandboxEnvironment
  let variables: SandboxVariables
  let protectedArea: ProtectedArea
  let services: ServiceContainers
  let engine: EngineClient
  let container: RunningContainer
  let plan: ContainerPlan
  let program: String
  private let watch: LimitWatch
  private let destruction = Locked<Task<Void, any Error>?>(nil)

  var connection: HelperConnection { container.connection }

  init(
    _ engine: EngineClient, _ container: RunningContainer, plan: ContainerPlan, program: String,
    services: ServiceContainers, variables: SandboxVariables, environment: SandboxEnvironment
  ) {
    self.engine = engine
    self.container = container
    self.plan = plan
    self.program = program
    self.services = services
    self.variables = variables
    self.environment = environment
    protectedArea = ProtectedArea(folder: plan.folder.protected)
    watch = LimitWatch(engine, container, plan.limits)
  }

  func execute(_ command: Command, streams: CommandStreams) async throws -> CommandStatus {
    var status = try await perform(command, streams: streams)
    if status.mayBeOverLimit { status.limit = await watch.exceeded }
    return status
  }

  func destroy() async throws {
    let task = destruction.withLock { task in
      if let task { return task }
      let new = Task { try await end() }
      task = new
      return new
    }
    try await task.value
  }

  private func end() async throws {
    watch.stop()
    async let servicesEnded: Void = services.destroy()
    connection.send(.shutDown, 0)
    await engine.removeContainer(container.id)
    connection.close()
    if let volume = plan.volume { await engine.removeVolume(volume) }
    await servicesEnded
    try plan.folder.remove()
  }
}

extension ContainerSandbox: ServiceHosting {
  func startService(
    _ service: ServiceRequest, progress: @escaping @Sendable (String) -> Void
  ) async throws -> ServiceEndpoint {
    try await services.start(service, progress: progress)
  }

  func execute(_ command: Command, inService name: String, streams: CommandStreams) async throws -> CommandStatus {
    try await services.find(name).program.perform(command, streams: streams)
  }

  func serviceStatus(_ name: String) async throws -> ServiceStatus { try services.find(name).program.status }
}

extension ContainerSandbox: PackageInstalling {
  func installPackages(_ names: [String]) async throws {
    let output = KeptOutput(limit: 16 << 10)
    let command = Command(["/bin/sh", "-c", PackageManagers.script, "sh"] + names, directory: "/")
    let status = try await perform(command, streams: output.streams)
    guard !status.isSuccess else { return }
    if status.exitCode == PackageManagers.noneFound {
      throw PluginError(
        .unsupported,
        "the image has none of the package managers apt-get, apk, dnf, microdnf, yum, zypper and pacman; use an image that has the packages \(names.joined(separator: ", "))"
      )
    }
    throw PluginError(
      .unavailable, "the packages \(names.joined(separator: ", ")) could not be installed: \(output.lastLine)",
      detail: output.text)
  }
}
