internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneStore

/// Behaviors: judges that look at finished workflows by themselves.
struct BehaviorRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] { [create, list, read, change, remove, stats] }

  private static let defaults: [String: JSONValue] = [
    "description": "", "categories": [], "evaluation_mode": "continuous", "sampling_rate": 1.0, "span_triggers": "all",
    "session_scoring": "disabled",
  ]

  /// The members of a behavior, with defaults; its judge must exist and fit.
  private func members(_ fields: BodyFields, in workspace: String) async throws -> [String: JSONValue] {
    let id = try fields.required("judge_id")
    guard let document = try await store.document(.judge, id, in: workspace) else { throw APIError.noSuch("judge", id) }
    let judge = try JudgeDefinition(document.body)
    let flavor = judge.kind == .classification ? "classifier" : "binary"
    let wanted = try fields.text("flavor") ?? flavor
    guard judge.kind != .score, wanted == flavor else {
      throw APIError(
        .invalid, "`flavor` must be `\(flavor)` for this judge, and a judge of type `score` fits no behavior.")
    }
    guard (0...1).contains(try fields.number("sampling_rate") ?? 1) else {
      throw APIError(.invalid, "`sampling_rate` must be a number from 0 to 1.")
    }
    _ = try fields.required("name")
    for name in ["description", "evaluation_mode", "span_triggers", "session_scoring"] { _ = try fields.text(name) }
    _ = try fields.texts("categories")
    _ = try fields.array("options")
    var members = Self.defaults.merging(fields.members) { _, own in own }
    members["flavor"] = .string(flavor)
    return members
  }

  private var create: Route {
    Route(
      .post, "/v1/behaviors",
      RouteDescription(
        "behaviors", "Keeps a behavior.", body: .json("NewBehavior"),
        answers: [.init(201, "The behavior.", .json("Behavior"))], errors: [.notFound])
    ) { request in
      let fields = try await request.fields()
      let members = try await members(fields, in: request.caller.workspace)
      let document = Document(
        .behavior, id: Identifier.random(prefix: "behavior_"), owner: request.caller.owner,
        workspace: request.caller.workspace, name: try fields.required("name"), body: .object(members),
        createdAt: UTCClock.now())
      return .json(try await store.add(document).plainJSON, status: 201)
    }
  }

  private var list: Route {
    Route(
      .get, "/v1/behaviors",
      RouteDescription(
        "behaviors", "The behaviors of a workspace, the oldest first.",
        answers: [.init(200, "The behaviors.", .list("Behavior"))])
    ) { request in
      .list(try await store.documents(DocumentFilter(.behavior, in: request.caller.workspace)).map(\.plainJSON))
    }
  }

  private var read: Route {
    Route(
      .get, "/v1/behaviors/{id}",
      RouteDescription(
        "behaviors", "Reads a behavior.", answers: [.init(200, "The behavior.", .json("Behavior"))],
        errors: [.notFound])
    ) { request in .json(try await store.require(.behavior, request).plainJSON) }
  }

  private var change: Route {
    Route(
      .put, "/v1/behaviors/{id}",
      RouteDescription(
        "behaviors", "Changes the members of a behavior that are sent.", body: .json("AnyObject"),
        answers: [.init(200, "The behavior.", .json("Behavior"))], errors: [.notFound])
    ) { request in
      let old = try await store.require(.behavior, request)
      let sent = try await request.fields().members
      var all = (old.body.object ?? [:]).merging(sent) { _, new in new }
      // Another judge may be of another kind; then its flavor follows.
      if sent["judge_id"] != nil, sent["flavor"] == nil { all["flavor"] = nil }
      let fields = try BodyFields(.object(all))
      let members = try await members(fields, in: old.workspace)
      try await store.replace(
        .behavior, old.id, in: old.workspace, name: try fields.required("name"), body: .object(members))
      return .json(try await store.require(.behavior, request).plainJSON)
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/behaviors/{id}",
      RouteDescription("behaviors", "Removes a behavior.", answers: [.init(204, "It is gone.")], errors: [.notFound])
    ) { request in
      try await store.remove(.behavior, request.parameter("id"), in: request.caller.workspace)
      return .empty
    }
  }

  private var stats: Route {
    Route(
      .get, "/v1/behaviors/{id}/stats",
      RouteDescription(
        "behaviors", "What a behavior found in the workflows of a time.",
        query: [.init("range", "A span before now, such as `30d`, which is the default.")],
        answers: [.init(200, "How often it was detected.", .json("BehaviorStats"))], errors: [.notFound])
    ) { request in
      let behavior = try await store.require(.behavior, request)
      let range = request.query["range"] ?? "30d"
      let since = try TraceFilter.time(range, now: InstantText.now() * 1000) / 1000
      let findings = try await store.findings(
        of: behavior.id, in: behavior.workspace, since: InstantText.of(milliseconds: since))
      return .json(BehaviorStats.json(of: findings, behavior: behavior.id, range: range))
    }
  }

  var schemas: [String: JSONValue] {
    let members: [String: JSONValue] = [
      "judge_id": ["type": "string", "minLength": 1], "name": ["type": "string", "minLength": 1],
      "flavor": ["type": ["string", "null"]], "sampling_rate": ["type": ["number", "null"]],
      "categories": ["type": ["array", "null"]],
    ]
    return [
      "NewBehavior": ["type": "object", "required": ["judge_id", "name"], "properties": .object(members)],
      "Behavior": ["type": "object", "required": ["id", "judge_id", "name"], "properties": .object(members)],
      "BehaviorStats": [
        "type": "object", "required": ["behavior_id", "evaluated", "detected", "detection_rate"],
        "properties": [
          "evaluated": ["type": "integer"], "detected": ["type": "integer"], "detection_rate": ["type": "number"],
          "series": ["type": "array"], "options": ["type": "array"], "samples": ["type": "array"],
        ],
      ],
    ]
  }
}
