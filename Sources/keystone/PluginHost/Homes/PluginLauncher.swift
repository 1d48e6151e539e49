import KeystoneKit

/// Loads and configures a plugin in the home it was given.
struct PluginLauncher: Sendable {
  let plugin: LoadedPlugin
  let installation: Installation
  let options: PluginOptions

  /// A plugin that can be called.
  ///
  /// - Parameter onEnd: Told when a process of its own has ended.
  /// - Returns: The plugin, configured.
  /// - Throws: ``PluginError`` with a sentence that ends in what to do.
  func launch(onEnd: @escaping @Sendable (PluginDeath) -> Void) async throws -> RunningPlugin {
    try checkFile()
    let router = HostServiceRouter(plugin: plugin.descriptor.name, log: options.log)
    let running: RunningPlugin
    switch plugin.home {
    case .inProcess: running = RunningPlugin(try await InProcessPlugin.load(plugin) { try await router.serve($0) })
    case .isolated: running = RunningPlugin(try await isolated(router, onEnd: onEnd))
    }
    do {
      try await configure(running.session)
    } catch {
      await running.process?.stop()
      throw error
    }
    return running
  }

  /// What is loaded must be what was looked at.
  private func checkFile() throws {
    do throws(FileFailure) {
      let file = try FileReader(plugin.file)
      if file.identity == plugin.identity { return }
      if try file.digest() == plugin.digest { return }
    } catch {
      throw PluginError(
        .unavailable,
        "plugin \(plugin.label) cannot be loaded any more (\(error)): put the file back, or restart the host")
    }
    throw PluginError(
      .unavailable, "plugin \(plugin.label) was changed since the host started: restart the host to use the new one")
  }

  private func isolated(
    _ router: HostServiceRouter, onEnd: @escaping @Sendable (PluginDeath) -> Void
  ) async throws -> IsolatedPlugin {
    let descriptor = plugin.descriptor
    // What came with the host is trusted; it runs apart only so that its crash harms nobody.
    let confinement = plugin.isBuiltin ? nil : try confinement()
    return try await IsolatedPlugin.start(
      file: plugin.file, label: plugin.label, helper: installation.pluginHost,
      confinement: try await ConfinementRule(options).apply(confinement),
      concurrency: descriptor.returnsAtOnce ? 0 : descriptor.concurrency, incoming: { try await router.serve($0) },
      onEnd: onEnd)
  }

  private func confinement() throws -> Confinement {
    let (state, cache) = try folders()
    let permissions = plugin.permissions
    return Confinement(
      network: permissions.network, readPaths: permissions.paths.filter { !$0.hasSuffix(":rw") },
      writePaths: permissions.paths.filter { $0.hasSuffix(":rw") }.map { String($0.dropLast(3)) } + [cache.path],
      environment: options.environment.filter { permissions.env.contains($0.key) }, exec: permissions.exec,
      stateFolder: state.path)
  }

  private func folders() throws -> (state: PrivateFolder, cache: PrivateFolder) {
    let name = plugin.descriptor.name
    let (state, cache) = (installation.state(of: name), installation.cache(of: name))
    do throws(FileFailure) {
      try state.create()
      try cache.create()
    } catch {
      throw PluginError(
        .unavailable,
        "plugin \(plugin.label) has no folder of its own (\(error)): make the data folder writable, or "
          + "name another with KEYSTONE_DATA_DIR")
    }
    return (state, cache)
  }

  /// Hands over the settings and the folders; a plugin without this method needs neither.
  private func configure(_ session: PeerSession) async throws {
    let name = plugin.descriptor.name
    // In this process a folder that cannot be made is only a problem for a plugin that uses it.
    if plugin.home == .inProcess { _ = try? folders() } else { _ = try folders() }
    let request = ConfigureRequest(
      settings: plugin.settings.values, stateFolder: installation.state(of: name).path,
      cacheFolder: installation.cache(of: name).path)
    do {
      _ = try await session.call(
        "keystone.plugin/1.configure", try JSONValueEncoder().encode(request).bytes, budget: .seconds(30))
    } catch let error as PluginError where error.code == .unsupported {
    } catch let error as PluginError where !error.message.contains(plugin.file) {
      throw PluginError(
        error.code, "plugin \(plugin.label) did not accept its settings: \(error.message)", detail: error.detail)
    }
  }
}

extension PluginDescriptor {
  /// Whether its `call` never blocks, so that it needs no threads kept for it.
  var returnsAtOnce: Bool { capabilities.contains("returns-at-once") }
}
