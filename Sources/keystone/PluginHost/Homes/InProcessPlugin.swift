import CKeystonePlugin
import Glibc
import KeystoneKit

/// Loads plugins into this process, where they stay.
enum InProcessPlugin {
  private typealias EntryPoint = @convention(c) (UnsafePointer<ks_peer>) -> UnsafePointer<ks_peer>?

  private static let entryPoint = "keystone_plugin_1"

  /// A library stays in the process and is entered once, however many registries there are.
  private static let loaded = Locked<[FileIdentity: PeerSession]>([:])

  /// A session with the plugin in a file.
  ///
  /// - Throws: ``PluginError`` with a sentence that ends in what to do.
  static func load(_ plugin: LoadedPlugin, incoming: @escaping PeerSession.Handler) async throws -> PeerSession {
    // Loading reads files and runs the library's initialisers: not something for a thread of the host's tasks.
    try await withHandover { handOver in
      startThread { handOver(Result { try loadOnce(plugin, incoming) }) }
    }
  }

  private static func loadOnce(_ plugin: LoadedPlugin, _ incoming: @escaping PeerSession.Handler) throws -> PeerSession
  {
    try loaded.withLock { loaded in
      if let known = loaded[plugin.identity] { return known }
      let session = try loadHere(plugin, incoming)
      loaded[plugin.identity] = session
      return session
    }
  }

  private static func loadHere(_ plugin: LoadedPlugin, _ incoming: @escaping PeerSession.Handler) throws -> PeerSession
  {
    let header = try FileReader(plugin.file).head(SharedLibraryHeader.size)
    if let problem = SharedLibraryHeader.problem(in: header) {
      throw PluginError(.unavailable, "plugin \(plugin.file) \(problem)")
    }
    guard let library = dlopen(plugin.file, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "no reason was given"
      throw PluginError(
        .unavailable,
        "plugin \(plugin.label) cannot be loaded (\(reason)): install what is missing, or build it again for this host")
    }
    guard let symbol = dlsym(library, entryPoint) else {
      throw PluginError(
        .unavailable, "plugin \(plugin.label) has no symbol `\(entryPoint)`: its source needs the export line")
    }
    return try connect(plugin, unsafeBitCast(symbol, to: EntryPoint.self), incoming)
  }

  private static func connect(
    _ plugin: LoadedPlugin, _ enter: EntryPoint, _ incoming: @escaping PeerSession.Handler
  ) throws -> PeerSession {
    let place = SessionPlace()
    guard let answer = enter(PeerTableOwner({ place.session }).makeTable()) else {
      throw PluginError(
        .unavailable,
        "plugin \(plugin.label) does not work with version \(Boundary.version) of the boundary: build it for this host")
    }
    guard let direct = PeerTable(answer) else {
      throw PluginError(
        .unavailable,
        "plugin \(plugin.label) answered with a table of version \(answer.pointee.version), or with one that lacks a "
          + "function, and this host speaks version \(Boundary.version): build it again for this host")
    }
    let descriptor = plugin.descriptor
    let transport: any PeerTransport =
      descriptor.returnsAtOnce
      ? direct : PooledTransport(direct, concurrency: descriptor.concurrency, place: place)
    let session = PeerSession(transport: transport, isPlugin: false, handler: incoming)
    place.session = session
    return session
  }
}

/// Where a table's functions find the session, which is made after the table.
final class SessionPlace: Sendable {
  private let place = Locked<PeerSession?>(nil)

  var session: PeerSession? {
    get { place.withLock { $0 } }
    set { place.withLock { $0 = newValue } }
  }
}
