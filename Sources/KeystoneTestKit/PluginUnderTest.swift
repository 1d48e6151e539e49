import CKeystonePlugin
import Glibc
public import KeystoneKit

/// A plugin that is connected to a host that a test scripts: the real boundary with real bodies, in this process.
public struct PluginUnderTest: Sendable {
  private let connect: @Sendable () async throws -> PeerSession

  /// A plugin as its export line makes it.
  ///
  /// - Parameters:
  ///   - plugin: The plugin.
  ///   - settings: What the operator set for it.
  /// - Throws: ``PluginError`` when it does not speak this version of the boundary.
  public init(_ plugin: Plugin, settings: [String: JSONValue] = [:]) throws {
    try self.init(plugin, settings: settings, folder: TemporaryFolder())
  }

  /// The same with the plugin's own folders below `folder`, where another process of it would find them too.
  init(_ plugin: Plugin, settings: [String: JSONValue], folder: TemporaryFolder) throws {
    let place = SessionPlace()
    guard let table = plugin.export(to: PeerTableOwner { place.session }.makeTable()) else {
      throw PluginError(.unsupported, "the plugin does not speak version \(Boundary.version) of the boundary")
    }
    self.init(try Self.session(to: table, place), settings: settings, folder: folder)
  }

  /// A plugin in a shared library, which stays loaded; one whose descriptor lacks `returns-at-once` needs a process of
  /// its own, which `keystone plugin validate` makes.
  public init(loading file: String, settings: [String: JSONValue] = [:]) throws {
    typealias EntryPoint = @convention(c) (UnsafePointer<ks_peer>) -> UnsafePointer<ks_peer>?
    guard let library = dlopen(file, RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(library, "keystone_plugin_1") else {
      throw PluginError(
        .unavailable, "\(file) cannot be loaded: \(dlerror().map { String(cString: $0) } ?? "no reason")")
    }
    let place = SessionPlace()
    let enter = unsafeBitCast(symbol, to: EntryPoint.self)
    guard let table = enter(PeerTableOwner { place.session }.makeTable()) else {
      throw PluginError(.unsupported, "\(file) does not speak version \(Boundary.version) of the boundary")
    }
    self.init(try Self.session(to: table, place), settings: settings, folder: try TemporaryFolder())
  }

  /// A plugin that `connect` reaches, anew when it has died.
  package init(_ connect: @escaping @Sendable () async throws -> PeerSession) { self.connect = connect }

  private init(_ session: PeerSession, settings: [String: JSONValue], folder: TemporaryFolder) {
    let isConfigured = Locked(false)
    connect = {
      let isFirst = isConfigured.withLock { isConfigured in
        defer { isConfigured = true }
        return !isConfigured
      }
      guard isFirst else { return session }
      for name in ["state", "cache"] { mkdir("\(folder.path)/\(name)", 0o700) }
      let request = ConfigureRequest(
        settings: settings, stateFolder: "\(folder.path)/state", cacheFolder: "\(folder.path)/cache")
      _ = try await session.call("keystone.plugin/1.configure", try JSONValueEncoder().encode(request).bytes)
      return session
    }
  }

  private static func session(to table: UnsafePointer<ks_peer>, _ place: SessionPlace) throws -> PeerSession {
    guard let transport = PeerTable(table) else {
      throw PluginError(.unsupported, "the plugin's table is of another version, or lacks a function")
    }
    let session = PeerSession(transport: transport, isPlugin: false, handler: Self.serve)
    place.session = session
    return session
  }

  /// Serves what a plugin asks for with the ``TestHost`` of the call it asks for.
  @Sendable package static func serve(_ call: IncomingCall) async throws -> [UInt8] {
    guard let host = call.parentContext as? TestHost else {
      guard call.method == "keystone.host/1.log" else {
        throw PluginError(.denied, "\(call.method) was called on behalf of no call that runs: name it as `parent`")
      }
      return Array("{}".utf8)
    }
    return try await host.serve(String(call.method.dropFirst("keystone.host/1.".count)), call)
  }

  // MARK: Calls

  package func session() async throws -> PeerSession { try await connect() }

  /// Calls one method and waits for its body.
  package func call(
    _ method: String, _ body: JSONValue, on host: TestHost, budget: Duration = .seconds(20)
  ) async throws -> JSONValue {
    let answer = try await session().call(method, body.bytes, budget: budget, context: host)
    return try JSONValue(parsing: answer)
  }

  /// What the plugin says of itself.
  public func descriptor() async throws -> PluginDescriptor {
    let answer = try await session().call("keystone.plugin/1.describe", Array("{}".utf8), budget: .seconds(10))
    return try JSONValueDecoder().decode(PluginDescriptor.self, from: JSONValue(parsing: answer))
  }

  /// The one type of that name, or the only type of an extension point.
  package func type(_ point: ExtensionPoint, _ name: String? = nil) async throws -> TypeDescriptor {
    let descriptor = try await descriptor()
    let types = descriptor.types.filter { $0.point == point && (name == nil || $0.type == name) }
    guard let type = types.first else {
      throw PluginError(.notFound, "plugin \(descriptor.name) has no \(point.rawValue) type \(name ?? "at all")")
    }
    return type
  }
}

/// Where a table's functions find the session, which is made after the table.
private final class SessionPlace: Sendable {
  private let place = Locked<PeerSession?>(nil)

  var session: PeerSession? {
    get { place.withLock { $0 } }
    set { place.withLock { $0 = newValue } }
  }
}
