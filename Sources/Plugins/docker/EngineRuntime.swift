import Glibc
import KeystoneKit
import SandboxHelper

/// An engine that speaks the Docker Engine API.
protocol EngineKind: Sendable {
  static var type: String { get }
  static var summary: String { get }
  /// What it is called in messages.
  static var name: String { get }
  /// The setting that names its socket.
  static var setting: String { get }
}

/// The Docker Engine.
enum DockerKind: EngineKind {
  static let type = "docker"
  static let summary = "Runs sandboxes as containers of the Docker Engine, from any image."
  static let name = "Docker Engine"
  static let setting = "docker-host"
}

/// Podman, through its Docker-compatible socket.
enum PodmanKind: EngineKind {
  static let type = "podman"
  static let summary = "Runs sandboxes as containers of Podman, through its Docker-compatible socket."
  static let name = "Podman service"
  static let setting = "podman-host"
}

/// Sandboxes that are containers: the agent's without any network but its gateway, each service's on a private one.
struct EngineRuntime<Kind: EngineKind>: Runtime {
  static var type: String { Kind.type }
  static var summary: String { Kind.summary }
  static var limits: [String] { ["resources.memory", "resources.cpu", "resources.pids", "resources.disk"] }

  func health(in context: RuntimeContext) async throws -> RuntimeHealth {
    do {
      let program = try HelperProgram.find(in: context)
      let engine = try engine(in: context)
      let version = try await engine.call("GET", "/version", silence: .seconds(5))
      let words = "\(Kind.name) \(version["Version"]?.string ?? "") at \(engine.socket), with \(program) inside"
      return RuntimeHealth(isHealthy: true, reason: "sandboxes are containers of the \(words)")
    } catch let error as EngineFailure {
      return RuntimeHealth(isHealthy: false, reason: error.error("asking for the version").message)
    } catch {
      return RuntimeHealth(isHealthy: false, reason: PluginError(error).message)
    }
  }

  func create(_ request: SandboxRequest, in context: RuntimeContext) async throws -> ContainerSandbox {
    var request = request
    if request.base.isEmpty { request.base = context.setting("default-base")?.string ?? "" }
    let engine = try engine(in: context)
    let program = try HelperProgram.find(in: context)
    let folder = ContainerFolder(path: request.folder)
    let labels = EngineLabels(
      sandbox: request.id, instance: request.instance, parent: EngineLabels.parent(of: request.folder))
    do {
      let configuration = try await engine.configuration(of: request.base) { context.progress($0) }
      var plan = ContainerPlan(
        name: "keystone-\(request.id)", image: request.base, labels: labels, role: "agent", folder: folder,
        program: program, directory: "/workspace", user: "0:0", limits: request.limits,
        attachment: request.attachment)
      if request.sharesWorkspace == true { plan.volume = try await engine.makeVolume(plan.name, labels) }
      let container = try await ContainerStart(engine: engine, plan: plan).run()
      return ContainerSandbox(
        engine, container, plan: plan, program: program,
        services: ServiceContainers(engine, labels: labels, folder: request.folder, program: program),
        variables: SandboxVariables(image: configuration.environment, requested: request.environment),
        environment: environment(request, container.abilities))
    } catch {
      if request.sharesWorkspace == true { await engine.removeVolume("keystone-\(request.id)") }
      try? folder.remove()
      throw error
    }
  }

  func list(in folder: String, context: RuntimeContext) async throws -> [ExistingSandbox] {
    let engine = try engine(in: context)
    let filter = EngineLabels.filter("folder", folder)
    let containers = try await engine.call("GET", "/containers/json?all=1&\(filter)").array ?? []
    let networks = try await engine.call("GET", "/networks?\(filter)").array ?? []
    let found = (containers + networks).compactMap { EngineLabels.owner($0["Labels"] ?? .null) }
    return Array(Set(found + ContainerFolder.all(in: folder).compactMap(\.existing)))
  }

  func reap(_ sandbox: ExistingSandbox, in folder: String, context: RuntimeContext) async throws {
    let engine = try engine(in: context)
    let filter = EngineLabels.filter("sandbox", sandbox.id)
    for container in try await engine.call("GET", "/containers/json?all=1&\(filter)").array ?? [] {
      if let id = container["Id"]?.string { await engine.removeContainer(id) }
    }
    for network in try await engine.call("GET", "/networks?\(filter)").array ?? [] {
      if let id = network["Id"]?.string { try await engine.call("DELETE", "/networks/\(id)") }
    }
    for volume in try await engine.call("GET", "/volumes?\(filter)")["Volumes"]?.array ?? [] {
      if let name = volume["Name"]?.string { await engine.removeVolume(name) }
    }
    for left in ContainerFolder.all(in: folder) where left.existing == sandbox { try left.remove() }
  }

  private func engine(in context: RuntimeContext) throws(PluginError) -> EngineClient {
    EngineClient(socket: try EngineSettings.socket(Kind.setting, in: context), name: Kind.name)
  }

  private func environment(_ request: SandboxRequest, _ abilities: HelperAbilities) -> SandboxEnvironment {
    func state(_ isLimited: Bool) -> String { isLimited ? "enforced" : "none" }
    var found = SandboxEnvironment(
      runtime: Kind.type, isolation: "container",
      limits: [
        "timeout": "enforced", "cpu": state(request.limits.cpuMillis != nil),
        "memory": state(request.limits.memory != nil), "processes": state(request.limits.processes != nil),
        "disk": request.limits.disk == nil ? "none" : "watched",
      ],
      network: abilities.redirects ? "gateway" : "none", base: "honoured",
      user: "uid 0 of the container, with few capabilities")
    // What another image's program does is done in a container of its own, which nobody watches.
    if abilities.notifies && request.sharesWorkspace != true {
      let means = "seccomp notification of every call"
      for source in [AuditSource.processes, .fileWrites, .fileReads] { found.audit[source.rawValue] = means }
    }
    if request.attachment != nil && !abilities.reason.isEmpty {
      found.warnings.append("Not everything can be observed or reached here: \(abilities.reason).")
    }
    return found
  }
}
