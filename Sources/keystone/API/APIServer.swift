internal import Glibc
internal import Hummingbird
internal import KeystoneKit
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// Serves the API at one address until it is told to stop.
package struct APIServer: Service {
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

  private let address: Address
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
    self.address = address
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
  /// - Throws: ``APIServerFailure`` when the address cannot be listened on.
  package func run() async throws {
    do {
      try await application.run()
    } catch let error as IOError {
      throw APIServerFailure(message: Self.sentence(error, address))
    }
  }

  private static func sentence(_ error: IOError, _ address: Address) -> String {
    guard case .host(let host, let port) = address else {
      return "the API's socket cannot be made: \(error); check its folder"
    }
    switch error.errnoCode {
    case EADDRINUSE: return "the port \(port) of \(host) is in use; end what uses it, or choose another one with -port"
    case EACCES: return "the port \(port) may not be used by this user; choose one above 1023 with -port"
    case EADDRNOTAVAIL: return "this machine has no address \(host); choose another one with -host"
    default: return "the daemon cannot listen on \(host):\(port): \(error); choose another -host or -port"
    }
  }
}

/// Why a server does not serve.
package struct APIServerFailure: Error, Sendable {
  /// One sentence that ends in what to do.
  package let message: String
}
