import Testing

@testable import KeystoneAPI

struct RouteTableTests {
  private static func route(_ method: Route.Method, _ path: String) -> Route {
    Route(method, path, RouteDescription("test", path, answers: [])) { _ in .empty }
  }

  private let table = RouteTable([
    Self.route(.get, "/v1/agents"), Self.route(.get, "/v1/agents/{name}/latest"),
    Self.route(.get, "/v1/agents/{name}/versions"),
    Self.route(.get, "/v1/agents/{name}/versions/{n}"), Self.route(.post, "/v1/experiments/compare"),
    Self.route(.post, "/v1/experiments/{id}/run"), Self.route(.get, "/v1/experiments/{id}"),
    Self.route(.get, "/v1/sandboxes/{id}/files/{path...}"), Self.route(.post, "/v1/sandboxes/{id}/files"),
  ])

  private func found(_ method: String, _ path: String) -> (String, [String: String])? {
    guard case .found(let route, let parameters) = table.find(method, path) else { return nil }
    return (route.path.text, parameters)
  }

  @Test(arguments: [
    ("/v1/agents/latest/latest", "/v1/agents/{name}/latest", ["name": "latest"]),
    ("/v1/agents/a%2Fb/versions/3", "/v1/agents/{name}/versions/{n}", ["name": "a/b", "n": "3"]),
    ("/v1/agents/", "/v1/agents", [:]),
    (
      "/v1/sandboxes/s/files//workspace/a.txt", "/v1/sandboxes/{id}/files/{path...}",
      ["id": "s", "path": "/workspace/a.txt"]
    ),
    ("/v1/sandboxes/s/files/a//b", "/v1/sandboxes/{id}/files/{path...}", ["id": "s", "path": "a//b"]),
    ("/v1/sandboxes/s/files/../x", "/v1/sandboxes/{id}/files/{path...}", ["id": "s", "path": "../x"]),
  ])
  func aPathIsTakenAsItCame(_ path: String, _ pattern: String, _ parameters: [String: String]) throws {
    let (route, values) = try #require(found("GET", path))
    #expect(route == pattern)
    #expect(values == parameters)
  }

  @Test(arguments: ["/", "/v1", "/v1//agents", "/v1/agents/x", "/v1/agents//latest", "/v1/sandboxes/s/files/", "v1"])
  func whatIsNoRouteIsNotFound(_ path: String) {
    #expect(found("GET", path) == nil)
  }

  @Test func aKnownPathWithAnotherMethodSaysWhatItTakes() {
    guard case .wrongMethod(let allowed) = table.find("GET", "/v1/experiments/compare/") else {
      // The literal is preferred, and what it takes is told.
      Issue.record("compare takes POST only")
      return
    }
    #expect(allowed == [.post])
  }

  @Test(arguments: ["%", "%4", "%zz", "%ff"])
  func brokenEscapesAreMalformed(_ id: String) {
    guard case .malformed = table.find("GET", "/v1/experiments/\(id)") else {
      Issue.record("\(id) must be malformed")
      return
    }
  }
}
