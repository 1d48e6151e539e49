import KeystoneAPI
import KeystoneExperiment
import KeystoneSandbox
import KeystoneStore
import Logging

/// The part of the API that sandboxes call, served by an `eval run` on a Unix socket for as long as it runs.
final class SandboxAPI: Sendable {
  private let directory: SandboxDirectory
  private let socket: SandboxSocket
  private let server: Task<Void, any Error>

  /// Starts to serve; `instance` names this process's socket.
  init(store: SQLiteStore, dataFolder: String, instance: String) throws {
    let directory = SandboxDirectory()
    let socket = try SandboxSocket(folder: dataFolder, name: "api-\(instance)")
    let services = APIServices(
      store: store, metrics: APIMetrics(),
      authenticator: Authenticator(
        store: store, operatorKey: nil, isRequired: true, sandboxTokens: Self.callers(of: directory)),
      directory: directory, baseURL: SandboxAccess.url)
    // One that keeps metadata, from which Hummingbird takes the id of a request.
    let logger = Logger(label: "keystone.sandbox-api") { StructuredLog(label: $0, format: .text, logLevel: .critical) }
    let server = APIServer(at: .socket(socket.path), services: services, extent: .sandbox, logger: logger)
    self.directory = directory
    self.socket = socket
    self.server = Task { try await server.run() }
  }

  deinit { server.cancel() }

  /// Knows the sandbox that a token belongs to, and for whom it acts.
  static func callers(of directory: SandboxDirectory) -> Authenticator.SandboxTokens {
    { token in
      directory.sandbox(token: token).map {
        Caller(owner: $0.facts.owner, workspace: $0.facts.workspace, sandbox: $0.facts.id)
      }
    }
  }

  /// Enters the sandboxes of an experiment of this command, which belongs to nobody.
  func registration(_ experiment: String) -> SandboxRegistration {
    SandboxRegistration(
      directory: directory, owner: "", workspace: "", experiment: experiment, socket: socket.path)
  }
}
