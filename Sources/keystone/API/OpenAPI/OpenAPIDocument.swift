internal import KeystoneKit

/// `/openapi.json`: what the declarations of the routes say, as OpenAPI 3.1.
enum OpenAPIDocument {
  static func route(_ groups: [any RouteGroup]) -> Route {
    let description = RouteDescription(
      "health", "This description.", answers: [.init(200, "The description.", .json("AnyObject"))])
    // The description describes itself too.
    let own = Route(.get, "/openapi.json", access: .open, description) { _ in .empty }
    let text = json(groups.flatMap(\.routes) + [own], schemas: schemas(groups)).bytes
    return Route(.get, "/openapi.json", access: .open, description) { _ in
      APIResponse(status: 200, headers: [("content-type", "application/json")], body: .bytes(text))
    }
  }

  private static func schemas(_ groups: [any RouteGroup]) -> [String: JSONValue] {
    var all: [String: JSONValue] = [
      "AnyObject": ["type": "object"],
      "Error": [
        "type": "object", "required": ["error", "message", "code"],
        "properties": [
          "error": ["type": "string", "description": "One sentence for people."],
          "message": ["type": "string", "description": "The same sentence."],
          "code": ["type": "string", "description": "One word for programs."],
          "retry_after": ["type": "integer", "description": "After how many seconds to try again."],
        ],
      ],
    ]
    for group in groups { all.merge(group.schemas) { first, _ in first } }
    return all
  }

  private static func json(_ routes: [Route], schemas: [String: JSONValue]) -> JSONValue {
    var paths: [String: JSONValue] = [:]
    for route in routes {
      let path = route.path.text.replacing("...}", with: "}")
      var item = paths[path]?.object ?? [:]
      item[route.method.rawValue.lowercased()] = operation(route)
      paths[path] = .object(item)
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "Keystone", "version": .string(keystoneKitVersion),
        "description": "Runs AI agents in sandboxes and judges them.",
      ],
      "paths": .object(paths),
      "components": [
        "schemas": .object(schemas),
        "securitySchemes": [
          "bearer": ["type": "http", "scheme": "bearer"],
          "key": ["type": "apiKey", "in": "header", "name": "X-API-Key"],
        ],
      ],
    ]
  }

  private static func operation(_ route: Route) -> JSONValue {
    let description = route.description
    var members: [String: JSONValue] = [
      "tags": [.string(description.tag)], "summary": .string(description.summary),
      "operationId": .string(identifier(of: route)), "responses": .object(responses(of: route)),
    ]
    let parameters =
      route.path.parameters.map { name -> JSONValue in
        ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string", "minLength": 1]]
      }
      + description.query.map { parameter -> JSONValue in
        [
          "name": .string(parameter.name), "in": "query", "required": false,
          "description": .string(parameter.text), "schema": parameter.schema,
        ]
      }
    if !parameters.isEmpty { members["parameters"] = .array(parameters) }
    if let body = description.body {
      members["requestBody"] = ["required": .bool(description.isBodyRequired), "content": content(of: body)]
    }
    members["security"] = route.access == .open ? [] : [["bearer": []], ["key": []]]
    return .object(members)
  }

  private static func identifier(of route: Route) -> String {
    let words = route.path.segments.compactMap { segment -> String? in
      switch segment {
      case .literal(let text): text == "v1" ? nil : text.replacing(".", with: "_")
      case .parameter(let name), .rest(let name): "by_\(name)"
      }
    }
    return ([route.method.rawValue.lowercased()] + words).joined(separator: "_")
  }

  private static func content(of body: RouteDescription.Body) -> JSONValue {
    func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }
    switch body {
    case .json(let name): return ["application/json": ["schema": reference(name)]]
    case .list(let name): return ["application/json": ["schema": ["type": "array", "items": reference(name)]]]
    case .jsonOr(let name, let type):
      return .object(["application/json": ["schema": reference(name)], type: ["schema": ["type": "string"]]])
    case .text(let type): return .object([type: ["schema": ["type": "string"]]])
    }
  }

  private static func responses(of route: Route) -> [String: JSONValue] {
    let description = route.description
    var responses: [String: JSONValue] = [:]
    for answer in description.answers {
      var members: [String: JSONValue] = ["description": .string(answer.text)]
      if let body = answer.body { members["content"] = content(of: body) }
      responses["\(answer.status)"] = .object(members)
    }
    var errors = description.errors
    if route.access != .open { errors += [.unauthorized, .forbidden, .notFound] }
    if description.body != nil { errors += [.tooLarge, .slow] }
    if !description.query.isEmpty || description.body != nil || !route.path.parameters.isEmpty {
      errors.append(.invalid)
    }
    errors += [.rateLimited, .atCapacity]
    for code in Set(errors) where responses["\(code.status)"] == nil {
      responses["\(code.status)"] = [
        "description": .string(code.word),
        "content": ["application/json": ["schema": ["$ref": "#/components/schemas/Error"]]],
      ]
    }
    return responses
  }
}
