import Glibc
import KeystoneAPI
import KeystoneExperiment
import KeystoneGateway
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
    try await serve(store, key, isAuthRequired, pluginOptions(flags), dataFolder)
    _ = consume lock
  }

  private func pluginOptions(_ flags: [String: String]) -> PluginOptions {
    var options = command.plugins.options(flags: flags, environment: environment)
    let log = logger
    options.log = { line in
      log.log(
        level: Logger.Level(rawValue: line.level.rawValue) ?? .info, "\(line.message)",
        metadata: ["plugin": "\(line.plugin)"])
    }
    return options
  }

  private func plugins(_ options: PluginOptions) async throws -> PluginRegistry {
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
    _ store: SQLiteStore, _ key: APIKey?, _ isAuthRequired: Bool, _ options: PluginOptions, _ dataFolder: String
  ) async throws {
    let instance = try InstanceLock(dataFolder: dataFolder, id: Identifier.random(prefix: "i-"))
    let port = command.port ?? environment["PORT"].flatMap { Int($0) } ?? 8012
    let socket = try SandboxSocket(folder: dataFolder, name: "api")
    let host = CurrentHost(try await engineHost(store, options, instance.id, socket.path, dataFolder))
    let generations = PluginGenerations(host: host) { await PluginRegistry.open(.current, options: options) }
    do {
      try await serve(store, host, generations, key, isAuthRequired, port, socket.path, dataFolder)
    } catch {
      await host.now.registry.shutdown()
      throw error
    }
    await host.now.registry.shutdown()
    withExtendedLifetime((instance, socket)) {}
  }

  /// The first generation of plugins and the runtime it is used with; nothing here holds the generation afterwards.
  private func engineHost(
    _ store: SQLiteStore, _ options: PluginOptions, _ instance: String, _ socket: String, _ dataFolder: String
  ) async throws -> EngineHost {
    let registry = try await plugins(options)
    let (runtime, reason) = try await RuntimeChoice(registry: registry).choose(command.runtime)
    logger.info("chose the runtime", metadata: ["runtime": "\(runtime.descriptor.type)", "reason": "\(reason)"])
    let sandboxes = absolute(command.workspaceDir) ?? "\(dataFolder)/sandboxes"
    try StartCheck.folder(sandboxes, named: "-workspace-dir")
    let snapshots = SnapshotFolder("\(dataFolder)/snapshots")
    await clearAway(store, runtime, registry, sandboxes, dataFolder, snapshots)
    var engineHost = EngineHost(
      registry: registry, runtime: runtime, instance: instance, sandboxesFolder: sandboxes,
      runsFolder: "\(dataFolder)/runs", outbound: PluginOutbound(policy: try outboundPolicy(registry)),
      snapshots: { StoredSnapshots(store: store, folder: snapshots, workspace: $0) },
      directory: SandboxDirectory(), socket: socket, log: logLine)
    engineHost.gateway = try Gateway(reachableHosts: command.gateway.reachableHosts)
    engineHost.hasOpenSetup = command.gateway.setupEgress == .open
    return engineHost
  }

  private func serve(
    _ store: SQLiteStore, _ host: CurrentHost, _ generations: PluginGenerations, _ key: APIKey?,
    _ isAuthRequired: Bool, _ port: Int, _ socket: String, _ dataFolder: String
  ) async throws {
    let services = try services(store, host, generations, key, isAuthRequired, port, dataFolder)
    guard let engine = services.engine else { return }
    // The last one ends first: sandboxes and their event streams, then the servers, which wait for open requests.
    try await run(
      [
        APIServer(at: .socket(socket), services: services, extent: .sandbox, logger: quiet),
        APIServer(at: .host(command.host, port: port), services: services, logger: quiet) { port in
          logger.notice("listening", metadata: ["url": "http://\(command.host):\(port)"])
        },
        EngineService(engine: engine, logger: logger),
        PluginReloadService(generations: generations, logger: logger),
        RecordsService(engine: engine),
      ], store: store)
  }

  private func services(
    _ store: SQLiteStore, _ host: CurrentHost, _ generations: PluginGenerations, _ key: APIKey?,
    _ isAuthRequired: Bool, _ port: Int, _ dataFolder: String
  ) throws -> APIServices {
    let directory = host.now.directory
    let secrets = SecretBook(store: store, vault: try SecretVault(dataFolder: dataFolder))
    let slots = SandboxSlots(total: command.maxSandboxes, perOwner: command.maxSandboxesPerOwner)
    let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let values: ExperimentEngine.SecretSource = { record in
      try await secrets.values(experiment: record.id, workspace: record.workspace)
    }
    let judging = Judging(host: host)
    let alerts = AlertService(store: store, host: host, secrets: values, logger: logger)
    let experiments = ExperimentEngine(
      store: store, host: host, slots: slots, concurrency: command.concurrency ?? 2 * processors,
      secrets: values, completion: { _ in alerts.completed() })
    let metrics = APIMetrics()
    metrics.add { DaemonGauges.read(directory: directory, slots: slots, registry: host.now.registry) }
    return APIServices(
      store: store, metrics: metrics,
      authenticator: Authenticator(
        store: store, operatorKey: key, isRequired: isAuthRequired, sandboxTokens: SandboxAPI.callers(of: directory),
        limit: command.rateLimit.map { RateLimit(perSecond: $0) }),
      directory: directory, baseURL: command.baseURL ?? "http://\(command.host):\(port)",
      engine: .init(
        host: host, keeper: SandboxKeeper(host: host, slots: slots), experiments: experiments, secrets: secrets,
        alerts: alerts,
        scoring: OfflineScoring(store: store, judging: judging, logger: logger), judging: judging,
        behaviors: BehaviorWatch(store: store, judging: judging, logger: logger),
        snapshots: SnapshotFolder("\(dataFolder)/snapshots"), generations: generations))
  }

  /// Removes what a daemon that died left behind, and queues again what it was running.
  private func clearAway(
    _ store: SQLiteStore, _ runtime: InstalledType, _ registry: PluginRegistry, _ sandboxes: String,
    _ dataFolder: String, _ snapshots: SnapshotFolder
  ) async {
    do {
      for instance in try await store.instancesAtWork()
      where InstanceLock.isOrphan(instance, dataFolder: dataFolder) {
        for scenario in try await store.requeue(abandonedBy: instance) {
          logger.notice(
            "queued a scenario again whose host died",
            metadata: ["experiment": "\(scenario.experiment)", "scenario": "\(scenario.scenario)"])
        }
      }
      let count = try await Reaper.reap(runtime, registry: registry, folder: sandboxes, dataFolder: dataFolder)
      if count > 0 { logger.notice("removed sandboxes of a host that died", metadata: ["count": "\(count)"]) }
    } catch {
      logger.warning(
        "cannot clear away what an earlier daemon left", metadata: ["reason": "\(PluginError(error).message)"])
    }
    do {
      try await snapshots.tidy { try await store.hasSnapshot(digest: $0) }
    } catch {
      logger.warning("cannot tidy the folder of agent snapshots", metadata: ["reason": "\(error)"])
    }
  }

  /// Public addresses, what the operator names, and the endpoints that plugins were set to.
  private func outboundPolicy(_ registry: PluginRegistry) throws -> DestinationPolicy {
    var origins: [Origin] = []
    for text in command.allowOutbound {
      guard let origin = try? Origin(text) else {
        throw StartCheck.refuse("-allow-outbound takes an origin such as http://10.0.0.7:9000, not `\(text)`")
      }
      origins.append(origin)
    }
    for plugin in registry.plugins {
      for setting in plugin.descriptor.settings where setting.type == .url {
        if let text = plugin.settings.values[setting.name]?.string, let origin = try? Origin(text) {
          origins.append(origin)
        }
      }
    }
    return .publicOnly(except: origins)
  }

  /// The servers' own start lines are not for the operator's log.
  private var quiet: Logger {
    var logger = logger
    if logger.logLevel == .info { logger.logLevel = .notice }
    return logger
  }

  private var logLine: @Sendable (String, String, [String: JSONValue]) -> Void {
    { [logger] level, message, values in
      logger.log(
        level: Logger.Level(rawValue: level) ?? .info, "\(message)",
        metadata: values.mapValues { .string($0.string ?? $0.text) })
    }
  }

  private func absolute(_ path: String?) -> String? {
    guard let path, !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return "\(String(cString: folder))/\(path)"
  }

  private func run(_ services: [any Service], store: SQLiteStore) async throws {
    var services = services
    if let days = command.retentionDays {
      let dataFolder = Installation.current.dataFolder
      services.insert(RetentionService(store: store, days: days, dataFolder: dataFolder, logger: logger), at: 0)
    }
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
