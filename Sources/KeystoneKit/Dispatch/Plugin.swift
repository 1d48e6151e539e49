public import CKeystonePlugin

/// The host's table of functions, as the entry point receives it.
public typealias HostTable = UnsafePointer<ks_peer>

/// The plugin's table of functions, as the entry point returns it.
public typealias PluginTable = UnsafePointer<ks_peer>?

/// A plugin: its name, version and types. The one export line of a Swift plugin makes one:
///
/// ```swift
/// @c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
///   Plugin("lines", version: "1.0.0", LinesAtMost.self).export(to: host)
/// }
/// ```
public struct Plugin: Sendable {
  /// What the plugin says of itself.
  public let descriptor: PluginDescriptor
  private let types: [String: any TypeDispatcher]

  /// A plugin that provides `types`.
  ///
  /// - Parameters:
  ///   - name: Unique on a host: lower-case letters, digits, `-` and `_`.
  ///   - version: `MAJOR.MINOR.PATCH`.
  ///   - permissions: What it needs, beyond the host's services, when it runs isolated.
  ///   - settings: What an operator can set.
  ///   - types: The types it provides, of any extension points.
  public init(
    _ name: String, version: String, permissions: PluginPermissions = PluginPermissions(), settings: [Setting] = [],
    _ types: any PluginType.Type...
  ) {
    let dispatchers = types.compactMap { makeDispatcher(for: $0) }
    self.types = Dictionary(
      dispatchers.map { ("\($0.descriptor.point.interface) \($0.descriptor.type)", $0) },
      uniquingKeysWith: { first, _ in first })
    descriptor = PluginDescriptor(
      name: name, version: version, kit: keystoneKitVersion, abi: Boundary.version, concurrency: 1,
      capabilities: ["returns-at-once"], permissions: permissions, settings: settings,
      types: dispatchers.map(\.descriptor))
  }

  /// Connects the plugin to the host, once; `nil` when the host speaks another version of the boundary.
  public func export(to host: HostTable) -> PluginTable {
    guard let transport = PeerTable(host) else { return nil }
    let served = ServedPlugin(self)
    let pool = WorkerPool(limit: 64)
    let session = PeerSession(transport: transport, isPlugin: true, executor: pool) { try await served.serve($0) }
    return PeerTableOwner { session }.makeTable()
  }

  func dispatcher(_ point: ExtensionPoint, type: String) -> (any TypeDispatcher)? {
    types["\(point.interface) \(type)"]
  }
}

private func makeDispatcher(for type: any PluginType.Type) -> (any TypeDispatcher)? {
  switch type {
  case let type as any Invariant.Type: invariantDispatcher(type)
  case let type as any ForbiddenRule.Type: ruleDispatcher(type)
  case let type as any Fixture.Type: fixtureDispatcher(type)
  case let type as any Agent.Type: agentDispatcher(type)
  case let type as any Notifier.Type: notifierDispatcher(type)
  case let type as any Runtime.Type: runtimeDispatcher(type)
  default: nil
  }
}

private func invariantDispatcher<T: Invariant>(_ type: T.Type) -> any TypeDispatcher { InvariantDispatcher<T>() }
private func ruleDispatcher<T: ForbiddenRule>(_ type: T.Type) -> any TypeDispatcher { RuleDispatcher<T>() }
private func fixtureDispatcher<T: Fixture>(_ type: T.Type) -> any TypeDispatcher { FixtureDispatcher<T>() }
private func agentDispatcher<T: Agent>(_ type: T.Type) -> any TypeDispatcher { AgentDispatcher<T>() }
private func notifierDispatcher<T: Notifier>(_ type: T.Type) -> any TypeDispatcher { NotifierDispatcher<T>() }
private func runtimeDispatcher<T: Runtime>(_ type: T.Type) -> any TypeDispatcher { RuntimeDispatcher<T>() }
