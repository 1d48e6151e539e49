/// A request that a mock service answered and kept.
public struct RecordedRequest: Codable, Sendable, Hashable {
  /// The request's number among those of its service, from 1.
  public var sequence: Int
  /// When it came, RFC 3339 in UTC by the host's clock.
  public var timestamp: String
  /// `setup`, `agent`, `check:<name>` or `teardown`.
  public var phase: String
  /// The method in capitals.
  public var method: String
  /// `http` or `https`.
  public var scheme: String
  /// The host that was asked for, without its port.
  public var host: String
  /// The port that was connected to.
  public var port: Int
  /// The path without the query, percent-encoding undone.
  public var path: String
  /// The query's fields, decoded; the values of a repeated field in one array.
  public var query: [String: JSONValue]
  /// The header fields by name in lower case; the values of a repeated field joined by `, `.
  public var headers: [String: String]
  /// The body as text, or as base64 when it is not UTF-8.
  public var body: String
  /// The body as a value when it is JSON or a form, else `nil`.
  public var json: JSONValue?
  /// Whether `body` is base64.
  public var isBase64: Bool
  /// How many bytes of the body were not kept.
  public var omittedBytes: Int
  /// The status it was answered with; 0 when a fault was injected instead of an answer.
  public var status: Int
  /// The path of the route that answered; `nil` for the default response.
  public var route: String?

  enum CodingKeys: String, CodingKey {
    case phase, method, scheme, host, port, path, query, headers, body, json, status, route
    case sequence = "seq"
    case timestamp = "ts"
    case isBase64 = "body_is_base64"
    case omittedBytes = "body_omitted_bytes"
  }

  /// A request.
  public init(
    sequence: Int, timestamp: String, phase: String, method: String, scheme: String, host: String, port: Int,
    path: String, query: [String: JSONValue] = [:], headers: [String: String] = [:], body: String = "",
    json: JSONValue? = nil, isBase64: Bool = false, omittedBytes: Int = 0, status: Int, route: String? = nil
  ) {
    self.sequence = sequence
    self.timestamp = timestamp
    self.phase = phase
    self.method = method
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.json = json
    self.isBase64 = isBase64
    self.omittedBytes = omittedBytes
    self.status = status
    self.route = route
  }
}

/// Asks for what a mock recorded.
package struct RecordingsQuery: Codable, Sendable {
  package var service: String

  package init(service: String) { self.service = service }
}
