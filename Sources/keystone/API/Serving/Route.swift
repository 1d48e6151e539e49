package import KeystoneKit

/// One route of the API: what it answers to, who may call it, what is said of it in `/openapi.json`, and its handler.
package struct Route: Sendable {
  /// The methods that routes have.
  package enum Method: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  /// Who may call a route.
  package enum Access: Sendable {
    /// Everybody, without a key.
    case open
    /// Whoever has a key.
    case key
    /// Whoever has a key, and the sandbox whose id is the path's `{id}` with its own token.
    case sandbox
  }

  /// What handles a request.
  package typealias Handler = @Sendable (APIRequest) async throws -> APIResponse

  let method: Method
  let path: RoutePath
  let access: Access
  let description: RouteDescription
  let handler: Handler

  /// A route.
  ///
  /// - Parameters:
  ///   - method: Its method.
  ///   - path: Its path, such as `/v1/specs/{id}`; `{path...}` at the end takes the rest, slashes included.
  ///   - access: Who may call it.
  ///   - description: What it does, takes and answers.
  ///   - handler: Does it.
  package init(
    _ method: Method, _ path: String, access: Access = .key, _ description: RouteDescription,
    handler: @escaping Handler
  ) {
    self.method = method
    self.path = RoutePath(path)
    self.access = access
    self.description = description
    self.handler = handler
  }
}

/// Routes that belong together, with the schemas they name.
package protocol RouteGroup: Sendable {
  /// The routes.
  var routes: [Route] { get }
  /// JSON Schemas of `/openapi.json`, by the name that ``RouteDescription/Answer`` and bodies use.
  var schemas: [String: JSONValue] { get }
}

extension RouteGroup {
  /// None.
  package var schemas: [String: JSONValue] { [:] }
}
