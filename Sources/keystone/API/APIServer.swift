internal import Hummingbird
internal import KeystoneKit
package import Logging
internal import NIOCore

/// Serves the API at one address until it is told to stop.
package struct APIServer: Sendable {
  /// Where a server listens.
  package enum Address: Sendable, Hashable {
    /// A host name or address, and a port; 0 takes any that is free.
    case host(String, port: Int)
    /// A Unix socket, which is made.
    case socket(String)
  }

  /// Which routes a server has.
  package enum Extent: Sendable {
    /// All of them.
    case all
    /// Those that a sandbox may call with its own token.
    case sandbox
  }

  private let application: Application<APIResponder>

  /// A server.
  ///
  /// - Parameters:
  ///   - address: Where it listens.
  ///   - services: What its routes work with.
  ///   - extent: Which routes it has.
  ///   - logger: Takes its log lines.
  ///   - onListening: Is told the port once it listens; 0 for a Unix socket.
  package init(
    at address: Address, services: APIServices, extent: Extent = .all, logger: Logger,
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    let groups = APIRoutes.groups(services)
    var routes = groups.flatMap(\.routes)
    switch extent {
    case .all: routes.append(OpenAPIDocument.route(groups))
    case .sandbox: routes = routes.filter { $0.access != .key }
    }
    let bind: BindAddress =
      switch address {
      case .host(let host, let port): .hostname(host, port: port)
      case .socket(let path): .unixDomainSocket(path: path)
      }
    application = Application(
      responder: APIResponder(
        table: RouteTable(routes), authenticator: services.authenticator, metrics: services.metrics),
      server: .http1(
        configuration: .init(
          idleTimeout: .seconds(75),
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 200))),
      configuration: ApplicationConfiguration(address: bind, serverName: "keystone", backlog: 1024),
      onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
      logger: logger)
  }

  /// Serves until the service group shuts down; requests in progress are finished.
  ///
  /// - Throws: When the address cannot be listened on.
  package func run() async throws {
    try await application.run()
  }
}
