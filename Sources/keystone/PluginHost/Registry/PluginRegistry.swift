package import KeystoneKit

/// All plugins of a host: what is there, what was refused, and the way to call them.
///
/// What is there is decided once, in ``open(_:options:)``, without running a plugin's code in this process. Code
/// is loaded when a type is first called. A host that takes another generation lets go of this one: what holds it still can
/// call, and when nobody does its processes end.
package final class PluginRegistry: Sendable {
  /// The plugins that can be used, built-ins first.
  package let plugins: [LoadedPlugin]
  /// What is not used, and why.
  package let refusals: [PluginRefusal]
  /// The types that specs can use, in the order of ``plugins``.
  package let types: [InstalledType]
  /// Flags that were given and that no plugin has.
  package let unknownFlags: [String]

  private let names: TypeNames
  private let runners: [String: PluginRunner]

  private init(_ discovery: Discovery.Outcome, _ installation: Installation, _ options: PluginOptions) {
    let names = TypeNames(discovery, installation)
    plugins = discovery.plugins
    refusals = discovery.refusals + names.refusals
    types = names.types
    let flags = Set(plugins.flatMap { $0.descriptor.settings.compactMap(\.flag) })
    unknownFlags = options.flags.keys.filter { !flags.contains($0) }.sorted()
    self.names = names
    runners = Dictionary(
      plugins.map { ($0.descriptor.name, PluginRunner($0, installation: installation, options: options)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Finds out which plugins are there.
  ///
  /// Never throws: a plugin that cannot be used is in ``refusals`` and the others are there.
  package static func open(_ installation: Installation, options: PluginOptions = PluginOptions()) async
    -> PluginRegistry
  {
    let discovery = await Discovery(installation: installation, options: options).run()
    return PluginRegistry(discovery, installation, options)
  }

  deinit {
    let runners = Array(runners.values)
    Task { for runner in runners { await runner.shutdown() } }
  }

  /// The type of that name at an extension point.
  ///
  /// - Parameters:
  ///   - point: The extension point.
  ///   - name: Plain, such as `file_exists`, or qualified, such as `acme/file_exists`.
  /// - Returns: The type, or `nil` when there is none; ``explanation(_:_:)`` may know why.
  package func type(_ point: ExtensionPoint, _ name: String) -> InstalledType? { names.find(point, name) }

  /// Why there is no type of that name, when the reason is a plugin that is missing, refused or disabled.
  package func explanation(_ point: ExtensionPoint, _ name: String) -> String? { names.explanation(point, name) }

  /// Begins a call of a type's plugin, loading it when it is the first.
  ///
  /// - Parameters:
  ///   - type: What to call; the request's body names it once more as its member `type`.
  ///   - operation: What to do, such as `evaluate` for the method `keystone.invariant/1.evaluate`.
  ///   - body: The request.
  ///   - budget: After how long the call is cancelled; never when `nil`.
  ///   - services: Serves what the plugin asks for meanwhile.
  /// - Returns: The call, whose result must be awaited.
  /// - Throws: ``PluginError`` when the plugin cannot be loaded or started.
  package func begin(
    _ type: InstalledType, _ operation: String, _ body: [UInt8], budget: Duration? = nil,
    services: any HostServiceHandler = NoHostServices()
  ) async throws -> PluginCall {
    guard let runner = runners[type.plugin] else {
      throw PluginError(.notFound, "there is no plugin \(type.plugin): look at `keystone plugin list`")
    }
    return try await runner.begin(
      "\(type.descriptor.point.interface).\(operation)", body, budget: budget, services: services)
  }

  /// Calls a type's plugin and waits for the reply's body; see ``begin(_:_:_:budget:services:)``.
  package func call(
    _ type: InstalledType, _ operation: String, _ body: [UInt8], budget: Duration? = nil,
    services: any HostServiceHandler = NoHostServices()
  ) async throws -> [UInt8] {
    try await begin(type, operation, body, budget: budget, services: services).result()
  }

  /// What has happened so far.
  package var counters: PluginCounters {
    var sum = PluginCounters()
    sum.refusals = refusals.count
    for runner in runners.values { runner.count(into: &sum) }
    return sum
  }

  /// Ends all processes of plugins and all calls; later calls fail.
  package func shutdown() async {
    await withTaskGroup { group in
      for runner in runners.values { group.addTask { await runner.shutdown() } }
    }
  }
}
