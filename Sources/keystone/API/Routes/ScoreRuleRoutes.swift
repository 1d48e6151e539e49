internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneStore

/// Score rules, which score runs after they are done.
struct ScoreRuleRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] { [create, list, remove] }

  private var create: Route {
    Route(
      .post, "/v1/score-rules",
      RouteDescription(
        "scores", "Keeps a score rule.", body: .json("NewScoreRule"),
        answers: [.init(201, "The rule.", .json("ScoreRule"))])
    ) { request in
      let rule = try ScoreRule(try await request.json())
      let document = Document(
        .scoreRule, id: Identifier.random(prefix: "rule_"), owner: request.caller.owner,
        workspace: request.caller.workspace, name: rule.name, body: rule.body, createdAt: UTCClock.now())
      return .json(try await store.add(document).plainJSON, status: 201)
    }
  }

  private var list: Route {
    Route(
      .get, "/v1/score-rules",
      RouteDescription(
        "scores", "The score rules of a workspace, the oldest first.",
        answers: [.init(200, "The rules.", .list("ScoreRule"))])
    ) { request in
      .list(try await store.documents(DocumentFilter(.scoreRule, in: request.caller.workspace)).map(\.plainJSON))
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/score-rules/{id}",
      RouteDescription(
        "scores", "Removes a score rule; what it scored stays.", answers: [.init(204, "It is gone.")],
        errors: [.notFound])
    ) { request in
      try await store.remove(.scoreRule, request.parameter("id"), in: request.caller.workspace)
      return .empty
    }
  }

  var schemas: [String: JSONValue] {
    let members: [String: JSONValue] = [
      "name": ["type": "string", "minLength": 1], "type": ["type": "string"], "config": ["type": ["object", "null"]],
    ]
    return [
      "NewScoreRule": ["type": "object", "required": ["name", "type"], "properties": .object(members)],
      "ScoreRule": [
        "type": "object", "required": ["id", "name", "type", "config"], "properties": .object(members),
      ],
    ]
  }
}
