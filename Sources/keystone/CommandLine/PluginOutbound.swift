import KeystoneKit
import KeystoneOutbound
import KeystoneSandbox

/// HTTP requests that plugins make through the host.
struct PluginOutbound: OutboundRequests {
  private let client: HTTPClient

  /// Requests that may go where `policy` lets them: anywhere, for a command on the caller's own machine.
  init(policy: DestinationPolicy = .anywhere) { client = HTTPClient(policy: policy) }

  func send(_ request: KeystoneKit.HTTPRequest) async throws -> KeystoneKit.HTTPResponse {
    let wanted = KeystoneOutbound.HTTPRequest(
      request.method, request.url, headers: request.headers.map { ($0.name, $0.value) },
      body: Array(request.body.utf8), timeout: request.timeoutMilliseconds.map { .milliseconds($0) } ?? .seconds(60))
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
