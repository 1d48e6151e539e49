import KeystoneKit
import KeystoneOutbound
import KeystoneSandbox

/// HTTP requests that plugins make through the host.
struct PluginOutbound: OutboundRequests {
  private let client: HTTPClient

  /// Requests that may go where `policy` lets them: anywhere, for a command on the caller's own machine.
  init(policy: DestinationPolicy = .anywhere) { client = HTTPClient(policy: policy) }

  func send(
    _ request: KeystoneKit.HTTPRequest, through gateway: (any SandboxGateway)?
  ) async throws -> KeystoneKit.HTTPResponse {
    var wanted = KeystoneOutbound.HTTPRequest(
      request.method, request.url, headers: request.headers.map { ($0.name, $0.value) },
      body: Array(request.body.utf8), timeout: request.timeoutMilliseconds.map { .milliseconds($0) } ?? .seconds(60))
    wanted.way = gateway.map(GatewayWay.init)
    do {
      let response = try await client.send(wanted)
      return KeystoneKit.HTTPResponse(
        status: response.status, headers: response.headers.map { HTTPHeader($0.name, $0.value) },
        body: String(decoding: response.body, as: UTF8.self))
    } catch {
      throw PluginError(error.pluginCode, error.message, retryable: error.isRetryable)
    }
  }
}

/// The way through a sandbox's gateway.
private struct GatewayWay: HTTPWay {
  let gateway: any SandboxGateway

  var authorities: [UInt8] { gateway.authority.map(TrustedAuthorities.bundle(with:)) ?? [] }

  func open(to host: String, port: Int, mayBePrivate: Bool) async throws(HTTPFailure) -> any HTTPEntrance {
    do throws(PluginError) {
      return Entrance(entrance: try await gateway.openEntrance(to: host, port: port, mayBePrivate: mayBePrivate))
    } catch {
      throw HTTPFailure(error)
    }
  }

  private struct Entrance: HTTPEntrance {
    let entrance: GatewayEntrance

    var path: String { entrance.path }
    var failure: HTTPFailure? { entrance.failure.map(HTTPFailure.init) }
    func close() { entrance.remove() }
  }
}

extension HTTPFailure {
  /// What the gateway found, as the client says it.
  fileprivate init(_ error: PluginError) {
    self.init(error.code == .denied ? .forbidden : .connect, error.message)
  }
}

extension HTTPFailure {
  fileprivate var pluginCode: PluginError.Code {
    switch code {
    case .forbidden: .denied
    case .malformed: .invalid
    case .timeout: .deadline
    case .cancelled: .cancelled
    case .tooLarge: .exhausted
    default: .unavailable
    }
  }

  fileprivate var isRetryable: Bool { code == .resolve || code == .connect || code == .timeout }
}
