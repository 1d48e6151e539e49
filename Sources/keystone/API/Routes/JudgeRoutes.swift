internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneStore

/// Judges that clients define, and their verdicts.
struct JudgeRoutes: RouteGroup {
  let store: SQLiteStore
  let judging: Judging

  var routes: [Route] { [create, list, read, change, remove, evaluate] }

  private var create: Route {
    Route(
      .post, "/v1/judges",
      RouteDescription(
        "judges", "Keeps a judge.", body: .json("NewJudge"), answers: [.init(201, "The judge.", .json("Judge"))])
    ) { request in
      let judge = try JudgeDefinition(try await request.json())
      let document = Document(
        .judge, id: Identifier.random(prefix: "judge_"), owner: request.caller.owner,
        workspace: request.caller.workspace, name: judge.name, body: .object(judge.members), createdAt: UTCClock.now())
      return .json(try await store.add(document).plainJSON, status: 201)
    }
  }

  private var list: Route {
    Route(
      .get, "/v1/judges",
      RouteDescription(
        "judges", "The judges of a workspace, the oldest first.", answers: [.init(200, "The judges.", .list("Judge"))])
    ) { request in
      .list(try await store.documents(DocumentFilter(.judge, in: request.caller.workspace)).map(\.plainJSON))
    }
  }

  private var read: Route {
    Route(
      .get, "/v1/judges/{id}",
      RouteDescription(
        "judges", "Reads a judge.", answers: [.init(200, "The judge.", .json("Judge"))], errors: [.notFound])
    ) { request in .json(try await store.require(.judge, request).plainJSON) }
  }

  private var change: Route {
    Route(
      .put, "/v1/judges/{id}",
      RouteDescription(
        "judges", "Changes the members of a judge that are sent.", body: .json("AnyObject"),
        answers: [.init(200, "The judge.", .json("Judge"))], errors: [.notFound])
    ) { request in
      let old = try await store.require(.judge, request)
      let sent = try await request.fields().members
      let judge = try JudgeDefinition(.object((old.body.object ?? [:]).merging(sent) { _, new in new }))
      try await store.replace(
        .judge, old.id, in: old.workspace, name: judge.name, body: .object(judge.members))
      return .json(try await store.require(.judge, request).plainJSON)
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/judges/{id}",
      RouteDescription("judges", "Removes a judge.", answers: [.init(204, "It is gone.")], errors: [.notFound])
    ) { request in
      try await store.remove(.judge, request.parameter("id"), in: request.caller.workspace)
      return .empty
    }
  }

  private var evaluate: Route {
    Route(
      .post, "/v1/judges/{id}/evaluate",
      RouteDescription(
        "judges", "Asks a judge about inputs.", body: .json("JudgeInputs"), isBodyRequired: false,
        answers: [.init(200, "Its verdict.", .json("JudgeVerdict"))], errors: [.notFound, .unprocessable])
    ) { request in
      let document = try await store.require(.judge, request)
      let bytes = try await request.bytes()
      let sent = bytes.isEmpty ? [:] : try BodyFields(try JSONValue(parsing: bytes)).object("inputs") ?? [:]
      let inputs = sent.mapValues { $0.string ?? $0.text }
      return .json(.object(try await judging.verdict(of: try JudgeDefinition(document.body), inputs: inputs)))
    }
  }

  var schemas: [String: JSONValue] {
    let members: [String: JSONValue] = [
      "name": ["type": "string", "minLength": 1], "type": ["type": "string"], "prompt": ["type": ["string", "null"]],
      "model": ["type": ["string", "null"]], "categories": ["type": ["array", "null"]],
      "score_min": ["type": ["number", "null"]], "score_max": ["type": ["number", "null"]],
    ]
    return [
      "NewJudge": ["type": "object", "required": ["name", "type"], "properties": .object(members)],
      "Judge": ["type": "object", "required": ["id", "name", "type"], "properties": .object(members)],
      "JudgeInputs": ["type": "object", "properties": ["inputs": ["type": ["object", "null"]]]],
      "JudgeVerdict": [
        "type": "object", "required": ["type", "reason", "latency_ms", "cost_usd"],
        "properties": [
          "type": ["type": "string"], "reason": ["type": "string"], "passed": ["type": "boolean"],
          "category": ["type": "string"], "score": ["type": "number"], "latency_ms": ["type": "integer"],
          "cost_usd": ["type": "number"],
        ],
      ],
    ]
  }
}

extension Judging {
  /// The verdict of a judge, with how long it took and what it cost.
  func verdict(of judge: JudgeDefinition, inputs: [String: String]) async throws -> [String: JSONValue] {
    let start = ContinuousClock.now
    let parameters: JSONValue = [
      "model": .string(judge.model), "prompt_template": .string(try judge.question(inputs.keys)),
    ]
    let opinion = try await self.judge(
      parameters, output: inputs["actual"] ?? "", parameters: inputs.mapValues { .string($0) })
    let score = opinion.score
    guard var verdict = judge.verdict(score: score.value, isPassed: score.isPassed, reason: score.message) else {
      throw PluginError(.unavailable, "the judge named none of its classes: \(score.message.prefix(200))")
    }
    verdict["latency_ms"] = .integer(Int64(start.duration(to: .now).wholeMilliseconds))
    verdict["cost_usd"] = .number(opinion.dollars)
    return verdict
  }
}

extension SQLiteStore {
  /// The document that the path of a request names.
  func require(_ kind: Document.Kind, _ request: APIRequest) async throws -> Document {
    let id = request.parameter("id")
    guard let document = try await document(kind, id, in: request.caller.workspace) else {
      throw APIError.noSuch(kind.rawValue, id)
    }
    return document
  }
}

extension Document {
  /// What the client said, with the identity that the server gave it.
  var plainJSON: JSONValue {
    var json = body
    json["id"] = .string(id)
    json["user_id"] = .string(owner)
    json["created_at"] = .string(createdAt)
    return json
  }
}
