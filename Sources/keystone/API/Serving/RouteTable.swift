/// Finds the route of a request.
///
/// Literal segments win over parameters, and paths are taken as they came.
struct RouteTable: Sendable {
  enum Outcome: Sendable {
    case found(Route, parameters: [String: String])
    case wrongMethod(allowed: [Route.Method])
    case malformed
    case none
  }

  private struct Node: Sendable {
    var literals: [String: Node] = [:]
    var parameter: [Node] = []
    var routes: [Route] = []
    var rest: [Route] = []

    mutating func insert(_ route: Route, _ segments: ArraySlice<RoutePath.Segment>) {
      switch segments.first {
      case nil: routes.append(route)
      case .rest: rest.append(route)
      case .literal(let text): literals[text, default: Node()].insert(route, segments.dropFirst())
      case .parameter:
        if parameter.isEmpty { parameter.append(Node()) }
        parameter[0].insert(route, segments.dropFirst())
      }
    }

    /// The routes of a path, and what its parameters hold, percent-encoded.
    func find(_ path: Substring) -> (routes: [Route], values: [Substring])? {
      guard let slash = path.first else { return routes.isEmpty ? nil : (routes, []) }
      guard slash == "/" else { return nil }
      let tail = path.dropFirst()
      let end = tail.firstIndex(of: "/") ?? tail.endIndex
      let segment = tail[..<end]
      if let next = literals[String(segment)], let found = next.find(tail[end...]) { return found }
      if !segment.isEmpty, let next = parameter.first, let found = next.find(tail[end...]) {
        return (found.routes, [segment] + found.values)
      }
      return rest.isEmpty || tail.isEmpty ? nil : (rest, [tail])
    }
  }

  private var root = Node()

  init(_ routes: [Route]) {
    for route in routes { root.insert(route, route.path.segments[...]) }
  }

  func find(_ method: String, _ path: String) -> Outcome {
    var path = path[...]
    if path.count > 1, path.last == "/", path.dropLast().last != "/" { path = path.dropLast() }
    guard let (routes, values) = root.find(path) else { return .none }
    let wanted = method == "HEAD" ? "GET" : method
    guard let route = routes.first(where: { $0.method.rawValue == wanted }) else {
      return .wrongMethod(allowed: routes.map(\.method))
    }
    var parameters: [String: String] = [:]
    for (name, value) in zip(route.path.parameters, values) {
      guard let decoded = PercentEncoding.decode(value), !decoded.utf8.contains(0) else { return .malformed }
      parameters[name] = decoded
    }
    return .found(route, parameters: parameters)
  }
}
