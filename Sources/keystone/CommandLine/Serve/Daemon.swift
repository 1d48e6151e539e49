import Glibc
import KeystoneAPI
import KeystoneExperiment
import KeystoneKit
import KeystoneOutbound
import KeystonePluginHost
import KeystoneSandbox
import KeystoneStore
import Logging
import ServiceLifecycle
import UnixSignals

/// The daemon: everything that `keystone serve` puts together, from its checks to its end.
struct Daemon {
  let command: ServeCommand
  let environment: [String: String]

  private let logger = Logger(label: "keystone")

  init(command: ServeCommand, environment: [String: String]) {
    self.command = command
    self.environment = environment
  }

  /// Serves until a signal comes.
  func run() async throws {
    let (words, flags) = PluginFlags.split(command.arguments)
    if let word = words.first {
      throw StartCheck.refuse("`\(word)` is no flag of the daemon; `keystone serve --help` lists them")
    }
    let dataFolder = Installation.current.dataFolder
    try StartCheck.folder(dataFolder, named: "KEYSTONE_DATA_DIR")
    guard let lock = DaemonLock(dataFolder: dataFolder) else {
      throw StartCheck.refuse(
        "another daemon uses the data folder \(dataFolder); end it, or choose another folder with KEYSTONE_DATA_DIR")
    }
    let store = try await SQLiteStore.open("\(dataFolder)/keystone.sqlite")
    let key = (command.apiKey ?? environment["KEYSTONE_API_KEY"]).flatMap { $0.isEmpty ? nil : APIKey($0) }
    let isAuthRequired = environment["KEYSTONE_AUTH_REQUIRED"]?.lowercased() != "false"
    try await StartCheck.authentication(
      required: isAuthRequired, key: key, store: store, host: command.host, isInsisted: command.allowUnauthenticated)
    let registry = try await plugins(flags)
    do {
      try await serve(store, key, isAuthRequired, registry, dataFolder)
    } catch {
      await registry.shutdown()
      throw error
    }
    await registry.shutdown()
    _ = consume lock
  }

  private func plugins(_ flags: [String: String]) async throws -> PluginRegistry {
    var options = command.plugins.options(flags: flags, environment: environment)
    let log = logger
    options.log = { line in
      log.log(
        level: Logger.Level(rawValue: line.level.rawValue) ?? .info, "\(line.message)",
        metadata: ["plugin": "\(line.plugin)"])
    }
    let registry = await PluginRegistry.open(.current, options: options)
    if let unknown = registry.unknownFlags.first {
      throw StartCheck.refuse(
        "there is no flag -\(unknown); `keystone serve --help` lists those of the daemon, `keystone plugin show TYPE` those of plugins"
      )
    }
    for refusal in registry.refusals {
      logger.warning("a plugin is not used", metadata: ["file": "\(refusal.file)", "reason": "\(refusal.reason)"])
    }
    return registry
  }

  private func serve(
    _ store: SQLiteStore, _ key: APIKey?, _ isAuthRequired: Bool, _ registry: PluginRegistry, _ dataFolder: String
  ) async throws {
    let (runtime, reason) = try await RuntimeChoice(registry: registry).choose(command.runtime)
    logger.info("chose the runtime", metadata: ["runtime": "\(runtime.descriptor.type)", "reason": "\(reason)"])
    let metrics = APIMetrics()
    let services = APIServices(
      store: store, metrics: metrics,
      authenticator: Authenticator(store: store, operatorKey: key, isRequired: isAuthRequired))
    let port = command.port ?? environment["PORT"].flatMap { Int($0) } ?? 8012
    let server = APIServer(at: .host(command.host, port: port), services: services, logger: logger) { port in
      logger.notice("listening", metadata: ["url": "http://\(command.host):\(port)"])
    }
    try await run([server])
  }

  private func run(_ services: [any Service]) async throws {
    var configuration = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(20)
    do {
      try await ServiceGroup(configuration: configuration).run()
    } catch let failure as APIServerFailure {
      throw StartCheck.refuse(failure.message)
    }
    logger.notice("ended")
  }
}
