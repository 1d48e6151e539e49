internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneSandbox
internal import KeystoneStore

/// Workspaces: the parts of an owner's resources that requests see.
struct WorkspaceRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] { [list, create, read, change, remove, pin, unpin] }

  private var list: Route {
    Route(
      .get, "/v1/workspaces",
      RouteDescription(
        "workspaces", "The workspaces of an owner: favourites first, then the default one, then the latest used.",
        answers: [.init(200, "The workspaces.", .list("Workspace"))])
    ) { request in .list(try await store.workspaces(of: request.caller.owner).map(\.json)) }
  }

  private var create: Route {
    Route(
      .post, "/v1/workspaces",
      RouteDescription(
        "workspaces", "Makes a workspace.", body: .json("NewWorkspace"),
        answers: [.init(201, "The workspace.", .json("Workspace"))], errors: [.conflict])
    ) { request in
      let fields = try await request.fields()
      let workspace = WorkspaceRecord(
        id: Identifier.random(prefix: "ws_"), owner: request.caller.owner, name: try fields.required("name"),
        description: try fields.text("description") ?? "", isDefault: false, createdAt: UTCClock.now())
      try await store.add(workspace)
      return .json(workspace.json, status: 201)
    }
  }

  private var read: Route {
    Route(
      .get, "/v1/workspaces/{id}",
      RouteDescription(
        "workspaces", "Reads a workspace.", answers: [.init(200, "The workspace.", .json("Workspace"))],
        errors: [.notFound])
    ) { request in .json(try await workspace(of: request).json) }
  }

  private var change: Route {
    Route(
      .put, "/v1/workspaces/{id}",
      RouteDescription(
        "workspaces", "Changes the name or the description of a workspace.", body: .json("WorkspaceChange"),
        answers: [.init(200, "The workspace.", .json("Workspace"))], errors: [.notFound, .conflict])
    ) { request in
      var workspace = try await workspace(of: request)
      let fields = try await request.fields()
      if let name = try fields.text("name"), name != workspace.name {
        guard !workspace.isDefault else { throw APIError(.invalid, "The default workspace cannot be renamed.") }
        guard !name.isEmpty else { throw APIError(.invalid, "`name` must not be empty.") }
        workspace.name = name
      }
      workspace.description = try fields.text("description") ?? workspace.description
      try await store.update(workspace)
      return .json(workspace.json)
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/workspaces/{id}",
      RouteDescription(
        "workspaces", "Removes a workspace that holds nothing.", answers: [.init(204, "It is gone.")],
        errors: [.notFound, .conflict])
    ) { request in
      let workspace = try await workspace(of: request)
      guard !workspace.isDefault else { throw APIError(.invalid, "The default workspace cannot be deleted.") }
      try await store.removeWorkspace(workspace.id)
      return .empty
    }
  }

  private var pin: Route { pinning(.post, "Pins a workspace to the top of lists.", true) }
  private var unpin: Route { pinning(.delete, "Unpins a workspace.", false) }

  private func pinning(_ method: Route.Method, _ summary: String, _ isFavorite: Bool) -> Route {
    Route(
      method, "/v1/workspaces/{id}/favorite",
      RouteDescription("workspaces", summary, answers: [.init(204, "It is done.")], errors: [.notFound])
    ) { request in
      var workspace = try await workspace(of: request)
      workspace.isFavorite = isFavorite
      try await store.update(workspace)
      return .empty
    }
  }

  private func workspace(of request: APIRequest) async throws -> WorkspaceRecord {
    let id = request.parameter("id")
    guard let workspace = try await store.workspace(id, of: request.caller.owner) else {
      throw APIError(.notFound, "There is no workspace `\(id)`; check the id.")
    }
    return workspace
  }

  var schemas: [String: JSONValue] {
    let texts: JSONValue = ["name": ["type": ["string", "null"]], "description": ["type": ["string", "null"]]]
    return [
      "NewWorkspace": [
        "type": "object", "required": ["name"],
        "properties": ["name": ["type": "string", "minLength": 1], "description": ["type": ["string", "null"]]],
      ],
      "WorkspaceChange": ["type": "object", "properties": texts],
      "Workspace": [
        "type": "object", "required": ["id", "name", "is_default", "is_favorite"],
        "properties": [
          "id": ["type": "string"], "name": ["type": "string"], "description": ["type": "string"],
          "is_default": ["type": "boolean"], "is_favorite": ["type": "boolean"],
        ],
      ],
    ]
  }
}

extension WorkspaceRecord {
  fileprivate var json: JSONValue {
    [
      "id": .string(id), "user_id": .string(owner), "name": .string(name), "description": .string(description),
      "is_default": .bool(isDefault), "is_favorite": .bool(isFavorite), "created_at": .string(createdAt),
    ]
  }
}
