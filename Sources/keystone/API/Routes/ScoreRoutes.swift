internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneStore

/// Scoring an experiment afterwards, and what was scored.
struct ScoreRoutes: RouteGroup {
  let store: SQLiteStore
  let scoring: OfflineScoring

  var routes: [Route] { [score, ofExperiment, list] }

  private var score: Route {
    Route(
      .post, "/v1/experiments/{id}/score",
      RouteDescription(
        "scores", "Scores the finished runs of an experiment by rules, after the answer.", body: .json("ScoreRequest"),
        answers: [.init(202, "It will be done, also when the daemon is restarted.", .json("AnyObject"))],
        errors: [.notFound])
    ) { request in
      let (id, caller) = (request.parameter("id"), request.caller)
      guard try await store.hasExperiment(id, in: caller.workspace) else { throw APIError.noSuch("experiment", id) }
      guard let rules = try await request.fields().texts("rule_ids"), !rules.isEmpty else {
        throw APIError(.invalid, "`rule_ids` is missing; send the ids of score rules.")
      }
      for rule in rules where try await store.document(.scoreRule, rule, in: caller.workspace) == nil {
        throw APIError.noSuch("score rule", rule)
      }
      let job = try await store.addScoreJob(
        owner: caller.owner, workspace: caller.workspace, experiment: id, rules: rules)
      scoring.begin(job)
      return .json(["status": "queued"], status: 202)
    }
  }

  private var ofExperiment: Route {
    Route(
      .get, "/v1/experiments/{id}/scores",
      RouteDescription(
        "scores", "What rules gave to the runs of an experiment.", answers: [.init(200, "The scores.", .list("Score"))],
        errors: [.notFound])
    ) { request in
      let (id, workspace) = (request.parameter("id"), request.caller.workspace)
      guard try await store.hasExperiment(id, in: workspace) else { throw APIError.noSuch("experiment", id) }
      return .list(try await store.scores(in: workspace, experiment: id, limit: 100_000).map(\.json))
    }
  }

  private var list: Route {
    Route(
      .get, "/v1/scores",
      RouteDescription(
        "scores", "All scores of a workspace.",
        query: Page.parameters + [
          .init("experiment_id", "Only scores of this experiment."), .init("rule_id", "Only scores of this rule."),
        ], answers: [.init(200, "A page of scores.", .json("TracePage"))])
    ) { request in
      let page = try Page(request.query)
      let scores = try await store.scores(
        in: request.caller.workspace, experiment: request.query["experiment_id"], rule: request.query["rule_id"],
        after: try TraceReadingRoutes.start(page), limit: page.limit + 1)
      let shown = scores.prefix(page.limit)
      let next = scores.count > page.limit ? shown.last?.id : nil
      return Page.answer(shown.map(\.json), next: next.map { [.integer($0)] })
    }
  }

  var schemas: [String: JSONValue] {
    [
      "ScoreRequest": [
        "type": "object", "required": ["rule_ids"],
        "properties": ["rule_ids": ["type": "array", "minItems": 1, "items": ["type": "string"]]],
      ],
      "Score": [
        "type": "object", "required": ["id", "rule_id", "trace_id", "score", "passed"],
        "properties": [
          "id": ["type": "integer"], "rule_id": ["type": "string"], "trace_id": ["type": "integer"],
          "experiment_id": ["type": "string"], "scenario_id": ["type": "string"], "score": ["type": "number"],
          "passed": ["type": "boolean"], "message": ["type": "string"],
        ],
      ],
    ]
  }
}
