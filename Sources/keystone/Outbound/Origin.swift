/// Where a request goes: a host and a port, and the scheme when it matters.
///
/// As an exception of a ``DestinationPolicy`` an origin without a scheme stands for both schemes, and one without a
/// port for the scheme's own port, or for ports 80 and 443 when it has no scheme either.
public struct Origin: Sendable, Hashable, CustomStringConvertible {
  let scheme: String?
  let host: String
  let port: Int?

  /// Reads `https://host`, `https://host:port`, `host:port` or `host`; a path after it is ignored.
  ///
  /// - Throws: ``HTTPFailure`` of code `malformed` when the text is none of these.
  public init(_ text: String) throws(HTTPFailure) {
    let named = text.contains("://")
    let parts = try URLParts(named ? text : "http://\(text)")
    self.init(
      scheme: named ? parts.scheme : nil,
      host: parts.host,
      port: named || parts.writtenPort != nil ? parts.port : nil)
  }

  init(scheme: String?, host: String, port: Int?) {
    self.scheme = scheme
    self.host = host
    self.port = port
  }

  /// Whether a request to `parts` goes to this origin.
  func covers(_ parts: URLParts) -> Bool {
    guard host == parts.host, scheme == nil || scheme == parts.scheme else { return false }
    guard let port else { return parts.port == (parts.scheme == "https" ? 443 : 80) }
    return port == parts.port
  }

  /// The origin as it would be written in a setting.
  public var description: String {
    let shown = host.contains(":") ? "[\(host)]" : host
    return (scheme.map { "\($0)://" } ?? "") + shown + (port.map { ":\($0)" } ?? "")
  }
}
