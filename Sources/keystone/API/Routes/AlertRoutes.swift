internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystonePluginHost
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneSpec
internal import KeystoneStore

/// Alert rules, and what was told to whom because of them.
struct AlertRoutes: RouteGroup {
  let store: SQLiteStore
  let host: CurrentHost

  var routes: [Route] { [create, list, read, remove, deliveries] }

  private var create: Route {
    Route(
      .post, "/v1/alerts",
      RouteDescription(
        "alerts", "Keeps an alert rule, which is evaluated as experiments complete.", body: .json("NewAlert"),
        answers: [.init(201, "The rule.", .json("Alert"))], errors: [.conflict])
    ) { request in
      let rule = try AlertRule(try await request.json())
      if let problem = await problem(of: rule) { throw APIError(.invalid, problem) }
      let document = Document(
        .alert, id: rule.id ?? Identifier.random(prefix: "alert_"), owner: request.caller.owner,
        workspace: request.caller.workspace, name: rule.name, body: rule.body, createdAt: UTCClock.now())
      return .json(try await store.add(document).plainJSON, status: 201)
    }
  }

  /// What the notifier's schema, or the notifier itself, says against a rule's parameters; one sentence for all of it.
  private func problem(of rule: AlertRule) async -> String? {
    let registry = host.now.registry
    let parameters = JSONValue.object(rule.parameters)
    guard let type = registry.type(.notifier, rule.notifier) else {
      let names = registry.types.filter { $0.descriptor.point == .notifier }.map(\.descriptor.type).sorted()
      return "`notify` must be one of \(names.joined(separator: ", ")); no plugin provides `\(rule.notifier)`."
    }
    let found = SpecReading.schema(registry).problems(in: parameters, of: .notifier, type: rule.notifier)
    guard found.isEmpty else {
      return found.map { "\($0.path == "$" ? rule.notifier : String($0.path.dropFirst(2))): \($0.message)" }
        .joined(separator: "; ") + "."
    }
    guard type.descriptor.capabilities.contains("validate") else { return nil }
    let more = await SpecReading.problems(of: type, parameters, registry)
    return more.isEmpty ? nil : more.map(\.message).joined(separator: "; ") + "."
  }

  private var list: Route {
    Route(
      .get, "/v1/alerts",
      RouteDescription(
        "alerts", "The alert rules of a workspace, the oldest first.",
        answers: [.init(200, "The rules.", .list("Alert"))])
    ) { request in
      .list(try await store.documents(DocumentFilter(.alert, in: request.caller.workspace)).map(\.plainJSON))
    }
  }

  private var read: Route {
    Route(
      .get, "/v1/alerts/{id}",
      RouteDescription(
        "alerts", "Reads an alert rule.", answers: [.init(200, "The rule.", .json("Alert"))], errors: [.notFound])
    ) { request in .json(try await rule(of: request).plainJSON) }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/alerts/{id}",
      RouteDescription(
        "alerts", "Removes an alert rule.", answers: [.init(204, "It is gone.")], errors: [.notFound])
    ) { request in
      try await store.remove(.alert, request.parameter("id"), in: request.caller.workspace)
      return .empty
    }
  }

  private var deliveries: Route {
    Route(
      .get, "/v1/alerts/{id}/deliveries",
      RouteDescription(
        "alerts", "What a rule told its notifier, the newest first.",
        answers: [.init(200, "The latest 1000 deliveries.", .list("AlertDelivery"))], errors: [.notFound])
    ) { request in
      let rule = try await rule(of: request)
      return .list(try await store.deliveries(of: rule.id, in: rule.workspace, latest: 1000).map(\.json))
    }
  }

  private func rule(of request: APIRequest) async throws -> Document {
    let id = request.parameter("id")
    guard let rule = try await store.document(.alert, id, in: request.caller.workspace) else {
      throw APIError.noSuch("alert", id)
    }
    return rule
  }

  var schemas: [String: JSONValue] {
    let members: [String: JSONValue] = [
      "id": ["type": ["string", "null"]], "name": ["type": "string", "minLength": 1],
      "condition": ["type": "string"], "notify": ["type": "string", "minLength": 1],
      "eval_id": ["type": ["string", "null"]], "window": ["type": ["string", "null"]],
    ]
    return [
      "NewAlert": [
        "type": "object", "required": ["name", "condition", "notify"], "properties": .object(members),
        "description": "Every other member is a parameter of the notifier that `notify` names.",
      ],
      "Alert": [
        "type": "object", "required": ["id", "name", "condition", "notify"], "properties": .object(members),
      ],
      "AlertDelivery": [
        "type": "object", "required": ["id", "rule_id", "status", "attempts"],
        "properties": [
          "id": ["type": "string"], "rule_id": ["type": "string"], "experiment_id": ["type": "string"],
          "status": ["type": "string", "enum": ["waiting", "delivered", "failed"]], "attempts": ["type": "integer"],
          "error": ["type": ["string", "null"]],
        ],
      ],
    ]
  }
}

extension AlertDelivery {
  fileprivate var json: JSONValue {
    [
      "id": .string(id), "rule_id": .string(rule), "rule_name": .string(alert.name),
      "experiment_id": .string(experiment), "reason": .string(alert.reason), "fired_at": .string(alert.firedAt),
      "notify": .string(notifier), "status": .string(status), "attempts": .integer(Int64(attempts)),
      "error": error.map { .string($0) } ?? .null, "updated_at": .string(updatedAt),
    ]
  }
}
