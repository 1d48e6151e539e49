internal import Synchronization

/// Sends HTTP requests through libcurl, from any number of tasks at once.
///
/// Connections are kept and used again. The transfers run on one thread of the client's own, which starts with the
/// first request and ends with the client. Cancelling the task of a request ends its transfer.
public final class HTTPClient: Sendable {
  /// Where proxies come from.
  public enum Proxies: Sendable, Hashable {
    /// Connections are always direct.
    case none
    /// The variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` are honoured.
    ///
    /// A request whose address has to be public goes directly all the same, since a proxy would resolve its name.
    case environment
  }

  private let policy: DestinationPolicy
  private let loop: TransferLoop
  private let lastID = Atomic<UInt64>(0)

  private static let maximumRedirects = 10

  /// A client that reaches what `policy` allows.
  ///
  /// - Parameters:
  ///   - policy: Which addresses may be connected to.
  ///   - proxies: Where proxies come from.
  ///   - authorities: A PEM file of certificate authorities to trust instead of the system's.
  ///   - maximumConnections: How many connections are open at once; further requests wait, within their timeout.
  public init(
    policy: DestinationPolicy, proxies: Proxies = .none, authorities: String? = nil, maximumConnections: Int = 256
  ) {
    self.policy = policy
    loop = TransferLoop(
      settings: ConnectionSettings(
        proxies: proxies, authorities: authorities, maximumConnections: maximumConnections))
  }

  deinit {
    loop.stop()
  }

  /// Sends a request and collects its response, whatever the response's status.
  ///
  /// - Throws: ``HTTPFailure``, of code `cancelled` when the task was cancelled.
  public func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
    let deadline = ContinuousClock.now.advanced(by: request.timeout)
    var hop = try Hop(request, url: URLParts(request.url))
    for _ in 0...Self.maximumRedirects {
      hop.demandsPublicAddress = policy.demandsPublicAddress(of: hop.url, allowing: request.allowing)
      hop.milliseconds = Self.milliseconds(until: deadline)
      guard hop.milliseconds > 0 else { throw hop.timeout }
      let response = try await exchange(hop, by: request.way)
      guard request.followRedirects, [301, 302, 303, 307, 308].contains(response.status),
        let location = response.header("location")
      else { return response }
      hop = hop.redirected(status: response.status, to: try hop.url.following(location))
    }
    throw HTTPFailure(
      .protocol,
      "The request to \(hop.url.authority) was redirected more than \(Self.maximumRedirects) times; "
        + "correct the server.")
  }

  private func exchange(_ hop: Hop, by way: (any HTTPWay)?) async throws(HTTPFailure) -> HTTPResponse {
    guard let way else { return try await exchange(hop).get() }
    let entrance = try await way.open(to: hop.url.host, port: hop.url.port, mayBePrivate: !hop.demandsPublicAddress)
    defer { entrance.close() }
    var hop = hop
    hop.entrance = entrance.path
    hop.authorities = way.authorities
    let result = await exchange(hop)
    if case .failure = result, let failure = entrance.failure { throw failure }
    return try result.get()
  }

  private func exchange(_ hop: Hop) async -> Result<HTTPResponse, HTTPFailure> {
    let id = lastID.add(1, ordering: .relaxed).newValue
    return await withTaskCancellationHandler {
      await withCheckedContinuation { completion in
        loop.start(id, hop, completion)
        // A cancellation that came before the start found nothing to end.
        if Task.isCancelled { loop.cancel(id) }
      }
    } onCancel: {
      loop.cancel(id)
    }
  }

  private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int {
    let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
    // libcurl counts in the longest `int` of 32 bits; 0 would mean no limit.
    return left <= 0 ? 0 : Int(min(left, 2_000_000_000).rounded(.up))
  }
}

/// What all connections of a client have in common.
struct ConnectionSettings: Sendable {
  let proxies: HTTPClient.Proxies
  let authorities: String?
  let maximumConnections: Int
}
