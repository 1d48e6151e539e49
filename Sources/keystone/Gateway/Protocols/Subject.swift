import KeystoneKit

/// The host that a connection of the sandbox is to, as the client named it.
struct Subject: Sendable {
  /// The name that was looked up, or the address that was connected to.
  var host: HostName
  var port: Int
  /// `http`, or `https` where the client speaks TLS.
  var scheme: String
  /// Where it leads, as the audit log says it: `outside`, `mock:NAME` or `keystone`.
  var destination: String
  /// Whether it leaves this machine's own services.
  var isOutside: Bool
  /// The service that runs from an image, where it is one.
  var service: String?
  /// Whether the host itself asks, and not the sandbox.
  var isAskedByHost = false

  /// Checks the server name of a TLS connection.
  func checkServerName(_ name: String) throws(Denial) {
    guard HostName(name) != host else { return }
    var call = HTTPCall(self)
    call.isTLS = true
    throw Denial(
      "the TLS server name is \(Self.shown(name)), but the connection was made to \(host)", speaks: .bytes, call: call)
  }

  /// The call that a request's head makes, when it is for this host.
  func call(for head: HTTPHead) throws(Denial) -> HTTPCall {
    guard head.line.count == 3, head.line[2].hasPrefix("HTTP/1."), !head.line[0].isEmpty,
      head.line[0].utf8.allSatisfy(HTTPHead.isTokenByte)
    else { throw Denial("a request's first line cannot be read", speaks: .http(400)) }
    var call = HTTPCall(self)
    call.method = String(head.line[0].prefix(32))
    let target = head.line[1]
    let path = try self.path(target, call)
    call.path = String(path.prefix { $0 != "?" }.prefix(2048))
    let query = path.drop { $0 != "?" }.dropFirst()
    call.query = query.isEmpty ? nil : String(query.prefix(2048))
    let hosts = head.values("host")
    guard hosts.count <= 1, !hosts.isEmpty || head.line[2] == "HTTP/1.0" else {
      throw Denial("a request has \(hosts.count) Host fields", speaks: .http(400), call: call)
    }
    // A proxy is asked for somebody else; the tunnel's goal is judged by itself.
    if call.method != "CONNECT" { for host in hosts { try check(host, "the Host field", call) } }
    return call
  }

  private func path(_ target: String, _ call: HTTPCall) throws(Denial) -> Substring {
    guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else { return target[...] }
    let rest = target[scheme.upperBound...]
    try check(String(rest.prefix { $0 != "/" && $0 != "?" }), "the request's URL", call)
    return rest.drop { $0 != "/" && $0 != "?" }
  }

  private func check(_ text: String, _ place: String, _ call: HTTPCall) throws(Denial) {
    if let named = HostAndPort(text), named.host == host, named.port.map({ $0 == port }) ?? true { return }
    throw Denial(
      "\(place) names \(Self.shown(text)), but the connection was made to \(host):\(port)", speaks: .http(403),
      call: call)
  }

  private static func shown(_ text: String) -> String { "`\(text.prefix(200))`" }
}

/// Something that a client asked a host for.
struct HTTPCall: Sendable {
  var scheme: String
  var method: String?
  var host: String
  var port: Int
  var path: String?
  var query: String?
  var status: Int?
  var destination: String
  /// Whether only the server's name is known.
  var isTLS = false
  /// The host behind the proxy that CONNECT asks for.
  var tunnel: HostAndPort?
  /// The protocols that the client would rather speak.
  var upgrades: [String] = []

  init(_ subject: Subject) {
    (scheme, host, port) = (subject.scheme, subject.host.text, subject.port)
    destination = subject.destination
  }

  /// The call for the audit log, refused for `reason` if there is one.
  func data(denied reason: String? = nil) -> [String: JSONValue] {
    var data: [String: JSONValue] = [
      "scheme": .string(scheme), "host": .string(host), "port": .integer(Int64(port)),
      "decision": reason == nil ? "allowed" : "denied",
    ]
    data["method"] = method.map { .string($0) }
    data["path"] = path.map { .string($0) }
    data["query"] = query.map { .string($0) }
    data["status"] = status.map { .integer(Int64($0)) }
    data["destination"] = reason == nil ? .string(destination) : nil
    data["reason"] = reason.map { .string($0) }
    return data
  }
}

/// Why a client may not say what it says.
struct Denial: Error, Sendable {
  /// How the client is told.
  enum Language: Sendable, Hashable {
    /// By an answer with this status.
    case http(Int)
    /// By the end of the connection.
    case bytes
  }

  var reason: String
  var language: Language
  var call: HTTPCall?

  init(_ reason: String, speaks language: Language, call: HTTPCall? = nil) {
    self.reason = reason
    self.language = language
    self.call = call
  }
}
