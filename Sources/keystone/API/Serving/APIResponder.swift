internal import HTTPTypes
internal import Hummingbird
internal import KeystoneKit
internal import Logging
internal import NIOCore

/// Answers every request: finds its route and its caller, runs the handler, and turns what goes wrong into an answer.
struct APIResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let table: RouteTable
  let authenticator: Authenticator
  let metrics: APIMetrics

  func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
    let start = ContinuousClock.now
    var found: Route?
    var response: APIResponse
    do {
      response = try await answer(request, context.logger, &found)
    } catch {
      response = APIResponse(report(error, context.logger))
    }
    response.headers.append(("x-request-id", context.id))
    let route = found.map { "\($0.method.rawValue) \($0.path.text)" } ?? "none"
    metrics.count(route: route, status: response.status, duration: start.duration(to: .now))
    context.logger.debug(
      "answered",
      metadata: ["method": "\(request.method)", "route": "\(route)", "status": "\(response.status)"])
    return response.response(isHead: request.method == .head)
  }

  private func answer(_ request: Request, _ logger: Logger, _ found: inout Route?) async throws -> APIResponse {
    switch table.find(request.method.rawValue, Self.path(of: request)) {
    case .none:
      throw APIError(.notFound, "There is nothing at this path; `/openapi.json` lists what there is.")
    case .malformed:
      throw APIError(.invalid, "The path is not UTF-8 with percent-encoding; correct it.")
    case .wrongMethod(let allowed):
      let names = allowed.map(\.rawValue).sorted().joined(separator: ", ")
      var response = APIResponse(
        APIError(.wrongMethod, "This path does not take \(request.method); it takes \(names)."))
      response.headers.append(("allow", names))
      return response
    case .found(let route, let parameters):
      found = route
      let query = Query(request.uri.query)
      let caller = try await authenticator.caller(
        credential: credential(request, query), workspace: header("X-Polarity-Workspace", of: request),
        access: route.access, sandbox: parameters["sandbox_id"])
      return try await route.handler(
        APIRequest(parameters: parameters, query: query, caller: caller, logger: logger, request: request))
    }
  }

  /// The path as it came: Hummingbird's own parser is right for it, and nothing collapses slashes or dots.
  private static func path(of request: Request) -> String { request.uri.path }

  private func header(_ name: String, of request: Request) -> String? {
    HTTPField.Name(name).flatMap { request.headers[$0] }
  }

  private func credential(_ request: Request, _ query: Query) -> String? {
    if let value = request.headers[.authorization] {
      let words = value.split(separator: " ", maxSplits: 1)
      return words.count == 2 && words[0].lowercased() == "bearer" ? String(words[1]) : "?"
    }
    // An `EventSource` of a browser cannot send headers.
    return header("X-API-Key", of: request) ?? query["token"]
  }

  private func report(_ error: any Error, _ logger: Logger) -> APIError {
    let known = APIError(error)
    if known.code == .internal {
      logger.error("a request failed", metadata: ["error": "\(error)"])
    }
    return known
  }
}
