internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneStore

/// Prompts: versioned by slug, and rendered here the same for every client.
struct PromptRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] { [create, list, latest, version, tagged, remove, render] }

  private var create: Route {
    Route(
      .post, "/v1/prompts",
      RouteDescription(
        "prompts", "Keeps a prompt, as the next version of its slug.", body: .json("NewPrompt"),
        answers: [.init(201, "The prompt.", .json("Prompt"))])
    ) { request in
      let fields = try await request.fields()
      let slug = try fields.required("slug")
      guard !slug.contains("/") else { throw APIError(.invalid, "`slug` must be a name without slashes.") }
      var body: [String: JSONValue] = ["template": .string(try fields.required("template"))]
      body["variables"] = try fields.object("variables").map { .object($0) }
      body["metadata"] = try fields.object("metadata").map { .object($0) }
      let prompt = Document(
        .prompt, id: Identifier.random(prefix: "prompt_"), owner: request.caller.owner,
        workspace: request.caller.workspace, name: slug, tag: try fields.text("tag"), body: .object(body),
        createdAt: UTCClock.now())
      return .json(try await store.add(prompt, isVersioned: true).promptJSON, status: 201)
    }
  }

  private var list: Route {
    Route(
      .get, "/v1/prompts",
      RouteDescription(
        "prompts", "All prompts of a workspace in all versions, the oldest first.",
        answers: [.init(200, "The prompts.", .list("Prompt"))])
    ) { request in
      .list(try await store.documents(DocumentFilter(.prompt, in: request.caller.workspace)).map(\.promptJSON))
    }
  }

  private var latest: Route {
    reading("latest", "The newest version of a prompt.") { _ in { _ in } }
  }

  private var version: Route {
    reading("versions/{version}", "One version of a prompt.") { request in
      let version = Int(request.parameter("version")) ?? 0
      return { $0.version = version }
    }
  }

  private var tagged: Route {
    reading("tags/{tag}", "The newest prompt with a tag.") { request in
      let tag = request.parameter("tag")
      return { $0.tag = tag }
    }
  }

  private func reading(
    _ path: String, _ summary: String,
    _ narrowing: @escaping @Sendable (APIRequest) -> @Sendable (inout DocumentFilter) -> Void
  ) -> Route {
    Route(
      .get, "/v1/prompts/{slug}/\(path)",
      RouteDescription("prompts", summary, answers: [.init(200, "The prompt.", .json("Prompt"))], errors: [.notFound])
    ) { request in
      var filter = DocumentFilter(.prompt, in: request.caller.workspace)
      filter.name = request.parameter("slug")
      filter.isNewestFirst = true
      filter.limit = 1
      narrowing(request)(&filter)
      guard let prompt = try await store.documents(filter).first else {
        throw APIError.noSuch("prompt", "\(request.parameter("slug"))/\(path)")
      }
      return .json(prompt.promptJSON)
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/prompts/{id}",
      RouteDescription(
        "prompts", "Removes one version of a prompt.", answers: [.init(204, "It is gone.")], errors: [.notFound])
    ) { request in
      try await store.remove(.prompt, request.parameter("id"), in: request.caller.workspace)
      return .empty
    }
  }

  private var render: Route {
    Route(
      .post, "/v1/prompts/{id}/render",
      RouteDescription(
        "prompts", "Renders a prompt with its own variables and those of the request, which win.",
        body: .json("PromptVariables"), isBodyRequired: false,
        answers: [.init(200, "The text.", .json("RenderedPrompt"))], errors: [.notFound])
    ) { request in
      let id = request.parameter("id")
      guard let prompt = try await store.document(.prompt, id, in: request.caller.workspace) else {
        throw APIError.noSuch("prompt", id)
      }
      let bytes = try await request.bytes()
      let given = bytes.isEmpty ? nil : try BodyFields(try JSONValue(parsing: bytes)).object("variables")
      let variables = (prompt.body["variables"]?.object ?? [:]).merging(given ?? [:]) { _, own in own }
      let text = try PromptTemplate(prompt.body["template"]?.string ?? "").rendered(with: variables)
      return .json(["rendered": .string(text)])
    }
  }

  var schemas: [String: JSONValue] {
    let members: [String: JSONValue] = [
      "slug": ["type": "string", "minLength": 1], "template": ["type": "string", "minLength": 1],
      "tag": ["type": ["string", "null"]], "variables": ["type": ["object", "null"]],
      "metadata": ["type": ["object", "null"]],
    ]
    let known: [String: JSONValue] = [
      "id": ["type": "string"], "user_id": ["type": "string"], "version": ["type": "integer"],
      "created_at": ["type": "string"],
    ]
    return [
      "NewPrompt": ["type": "object", "required": ["slug", "template"], "properties": .object(members)],
      "Prompt": [
        "type": "object", "required": ["id", "slug", "version", "template"],
        "properties": .object(members.merging(known) { own, _ in own }),
      ],
      "PromptVariables": ["type": "object", "properties": ["variables": ["type": ["object", "null"]]]],
      "RenderedPrompt": ["type": "object", "required": ["rendered"], "properties": ["rendered": ["type": "string"]]],
    ]
  }
}

extension Document {
  fileprivate var promptJSON: JSONValue {
    var json = body
    json["id"] = .string(id)
    json["user_id"] = .string(owner)
    json["slug"] = .string(name)
    json["version"] = .integer(Int64(version))
    json["tag"] = tag.map { .string($0) }
    json["created_at"] = .string(createdAt)
    return json
  }
}
