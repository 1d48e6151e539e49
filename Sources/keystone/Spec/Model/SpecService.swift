public import KeystoneKit

/// A backing service, reached from the sandbox by its name.
public struct SpecService: Sendable, Hashable {
  /// What answers under the service's name.
  public enum Kind: Sendable, Hashable {
    /// A container image.
    case image(SpecImageService)
    /// The host's own scripted HTTP responder.
    case httpMock(SpecHTTPMock)
  }

  /// The name in DNS.
  public var name: String
  /// The ports that it answers on.
  public var ports: [Int]
  /// What answers.
  public var kind: Kind
}

/// A service that runs from an image.
public struct SpecImageService: Sendable, Hashable {
  /// The image reference.
  public var image: String
  /// The container's environment; values may contain templates.
  public var env: [String: String]
  /// A shell command that succeeds inside the container once it is ready.
  public var waitFor: String?
}

/// A scripted HTTP responder.
public struct SpecHTTPMock: Sendable, Hashable {
  /// The status of requests that match no route.
  public var defaultResponse: Int
  /// Whether requests are kept for later assertions.
  public var records: Bool
  /// The routes; the first that matches answers.
  public var routes: [SpecHTTPRoute]
}

/// One answer of a scripted HTTP responder.
public struct SpecHTTPRoute: Sendable, Hashable {
  /// The request method in capitals; `nil` matches every method.
  public var method: String?
  /// The request path; `{name}` and `*` stand for one segment, `**` for any number.
  public var path: String
  /// The response body: a string stands for itself, anything else is sent as JSON.
  public var response: JSONValue
  /// The response status.
  public var status: Int
  /// Response headers.
  public var headers: [String: String]
  /// How long the answer is held back.
  public var delay: Duration? = nil
  /// What happens instead of an answer, when anything does.
  public var fault: SpecHTTPFault? = nil
  /// How many requests the route answers, later ones going to the next that matches; `nil` means all.
  public var times: Int? = nil
}

/// What a scripted HTTP responder does instead of answering.
public enum SpecHTTPFault: String, Sendable, Hashable, CaseIterable {
  /// It resets the connection.
  case reset
  /// It never answers.
  case timeout
  /// It answers with something that is not HTTP.
  case malformed
}
