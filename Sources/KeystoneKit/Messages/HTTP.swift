/// A request the host makes for a plugin.
public struct HTTPRequest: Codable, Sendable, Hashable {
  /// The method, `GET` by default.
  public var method: String
  /// An absolute `http` or `https` URL.
  public var url: String
  /// Header fields, in order.
  public var headers: [HTTPHeader]
  /// The body as text.
  public var body: String
  /// How long it may take, in milliseconds; the rest of the call's budget when absent.
  public var timeoutMilliseconds: Int64?

  enum CodingKeys: String, CodingKey {
    case method, url, headers, body
    case timeoutMilliseconds = "timeout_ms"
  }

  /// A request.
  public init(
    method: String = "GET", url: String, headers: [HTTPHeader] = [], body: String = "", timeout: Duration? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeoutMilliseconds = timeout?.wholeMilliseconds
  }
}

/// A header field.
public struct HTTPHeader: Codable, Sendable, Hashable {
  /// The name, in any case.
  public var name: String
  /// The value.
  public var value: String

  /// A field.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// What a server answered.
public struct HTTPResponse: Codable, Sendable, Hashable {
  /// The status, such as 200.
  public var status: Int
  /// Header fields, in order.
  public var headers: [HTTPHeader]
  /// The body as text, with U+FFFD where it is not UTF-8.
  public var body: String

  /// A response.
  public init(status: Int, headers: [HTTPHeader], body: String) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// What a piece of work cost, for the result.
public struct Usage: Codable, Sendable, Hashable {
  /// The model that was used.
  public var model: String
  /// Tokens read.
  public var inputTokens: Int
  /// Tokens written.
  public var outputTokens: Int
  /// Tokens read from a cache, contained in `inputTokens`.
  public var cachedTokens: Int

  enum CodingKeys: String, CodingKey {
    case model
    case inputTokens = "input_tokens"
    case outputTokens = "output_tokens"
    case cachedTokens = "cached_tokens"
  }

  /// Tokens of one request to a model.
  public init(model: String, inputTokens: Int, outputTokens: Int, cachedTokens: Int = 0) {
    self.model = model
    self.inputTokens = inputTokens
    self.outputTokens = outputTokens
    self.cachedTokens = cachedTokens
  }
}
