import KeystoneKit
import SandboxHelper

/// Sandboxes of this machine's own processes, isolated by bubblewrap where that is possible.
struct LocalRuntime: Runtime {
  static let type = "local"
  static let summary = "Runs sandboxes as processes of this machine, in namespaces made by bubblewrap."

  static let limits = ["resources.memory", "resources.cpu", "resources.disk", "resources.pids"]

  func health(in context: RuntimeContext) async throws -> RuntimeHealth {
    do {
      let settings = try LocalSettings(context)
      let program = try HelperProgram.find(named: settings.program)
      switch try await Isolation.resolve(settings) {
      case .bubblewrap(let path):
        return RuntimeHealth(
          isHealthy: true, reason: "sandboxes are namespaces made by \(path), with \(program) inside")
      case .none(let reason):
        return RuntimeHealth(
          isHealthy: true, reason: "sandboxes are plain processes without isolation, because \(reason)")
      }
    } catch let error as PluginError {
      return RuntimeHealth(isHealthy: false, reason: error.message)
    }
  }

  func create(_ request: SandboxRequest, in context: RuntimeContext) async throws -> LocalSandbox {
    let settings = try LocalSettings(context)
    let program = try HelperProgram.find(named: settings.program)
    let isolation = try await Isolation.resolve(settings)
    let start = SandboxStart(request, isolation: isolation, program: program, cache: context.cacheFolder)
    let sandbox = try await start.run()
    for warning in sandbox.environment.warnings { context.log(.warning, warning, ["sandbox": .string(request.id)]) }
    return sandbox
  }

  func list(in folder: String, context: RuntimeContext) async throws -> [ExistingSandbox] {
    SandboxFolder.all(in: folder).compactMap(\.existing)
  }

  func reap(_ sandbox: ExistingSandbox, in folder: String, context: RuntimeContext) async throws {
    let program = try HelperProgram.find(in: context)
    try await Self.reap(sandbox, in: folder, program: program)
  }

  /// Its processes ended when the socket of the host that made it did; what is left is the folder.
  static func reap(_ sandbox: ExistingSandbox, in folder: String, program: String) async throws {
    await ControlGroups.reap(sandbox.id)
    for left in SandboxFolder.all(in: folder) where left.existing == sandbox {
      try await LocalSandbox.remove(left, with: program)
    }
  }
}
