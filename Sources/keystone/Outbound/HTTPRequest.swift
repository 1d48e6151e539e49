/// A request to an HTTP server, with everything that bounds it.
public struct HTTPRequest: Sendable {
  /// The method in capitals, such as `GET`.
  public var method: String
  /// The absolute URL; `http` and `https` only.
  public var url: String
  /// The headers in order; `Content-Length`, `Transfer-Encoding` and `Expect` are the client's own and are left out.
  public var headers: [(name: String, value: String)]
  /// The bytes to send.
  public var body: [UInt8]
  /// What the whole exchange may take, name resolution and redirects included.
  public var timeout: Duration
  /// The largest response body that is accepted; a larger one fails with `tooLarge`.
  public var maximumResponseBytes: Int
  /// Whether up to ten redirects are followed; each is checked like a request of its own.
  public var followRedirects: Bool
  /// Origins that the operator named for this request; they are reachable wherever they resolve to.
  public var allowing: [Origin]

  /// The way it takes instead of this machine's network; it then shares its connection with no other request.
  public var way: (any HTTPWay)?

  /// A request with the default bounds: 60 s, 16 MiB, no redirects.
  public init(
    _ method: String = "GET", _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    timeout: Duration = .seconds(60), maximumResponseBytes: Int = 16 << 20, followRedirects: Bool = false,
    allowing: [Origin] = []
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.maximumResponseBytes = maximumResponseBytes
    self.followRedirects = followRedirects
    self.allowing = allowing
  }
}

/// A way to servers that only somebody else can reach.
public protocol HTTPWay: Sendable {
  /// The certificate authorities to trust there, as PEM; the client's own when empty.
  var authorities: [UInt8] { get }

  /// Opens the way for one connection to a port of a host, which may have an address that is not public only where
  /// `mayBePrivate` says so.
  func open(to host: String, port: Int, mayBePrivate: Bool) async throws(HTTPFailure) -> any HTTPEntrance
}

/// The beginning of a way, for one connection.
public protocol HTTPEntrance: Sendable {
  /// The Unix socket to connect to.
  var path: String { get }
  /// Why the way led nowhere, once that is known.
  var failure: HTTPFailure? { get }
  /// Takes it away.
  func close()
}

/// What a server answered, whatever its status.
public struct HTTPResponse: Sendable {
  /// The status code, such as 200.
  public var status: Int
  /// The headers in the order they came, names as the server wrote them.
  public var headers: [(name: String, value: String)]
  /// The bytes as they came; no content encoding is asked for and none is undone.
  public var body: [UInt8]

  /// A response made from its parts.
  public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The first header of that name, whatever its case.
  public func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }

  /// The body as UTF-8, with bytes that are not repaired.
  public var text: String {
    String(decoding: body, as: UTF8.self)
  }
}
