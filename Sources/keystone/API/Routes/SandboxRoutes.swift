internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneSandbox
internal import KeystoneSpec
internal import KeystoneStore

/// Sandboxes: made, looked at and ended.
///
/// What is done in them is in ``SandboxFileRoutes`` and ``SandboxCommandRoutes``.
struct SandboxRoutes: RouteGroup {
  let finder: SandboxFinder
  let store: SQLiteStore
  let host: CurrentHost
  let keeper: SandboxKeeper
  let secrets: SecretBook

  var routes: [Route] { [create, list, remove] + OwnSandboxRoutes(finder: finder).routes }

  private struct Creation: Decodable {
    var specID: String
    var timeout: RequestTimeout?
    var metadata: [String: String]?
    var secrets: [String: String]?

    enum CodingKeys: String, CodingKey {
      case timeout, metadata, secrets
      case specID = "spec_id"
    }
  }

  private var create: Route {
    Route(
      .post, "/v1/sandboxes",
      RouteDescription(
        "sandboxes", "Builds a sandbox from a spec and answers when it is ready.", body: .json("SandboxCreation"),
        answers: [.init(201, "The sandbox, ready.", .json("Sandbox"))], errors: [.unprocessable])
    ) { request in
      let body: Creation = try await request.decode()
      let caller = request.caller
      guard let record = try await store.spec(body.specID, in: caller.workspace) else {
        throw APIError.noSuch("spec", body.specID)
      }
      let spec: Spec
      do {
        spec = try await host.now.usable(Array(record.content.utf8), file: "\(record.id).yaml")
      } catch let unusable as UnusableSpec {
        throw APIError(unusable)
      }
      let values = try await secrets.values(forwarded: body.secrets ?? [:], workspace: caller.workspace)
      let wish = SandboxKeeper.Wish(
        owner: caller.owner, workspace: caller.workspace, timeout: body.timeout?.duration,
        metadata: body.metadata ?? [:], secrets: values)
      return .json(finder.json(try await build(spec, wish)), status: 201)
    }
  }

  private func build(_ spec: Spec, _ wish: SandboxKeeper.Wish) async throws -> HeldSandbox {
    let made: HeldSandbox?
    do {
      // Not cancelled when its client goes away: what is half built would have to be taken down at once.
      made = try await Task { try await keeper.create(spec, wish) }.value
    } catch {
      let error = PluginError(error)
      throw APIError(
        .unprocessable, "The sandbox could not be built: \(error.message)",
        details: error.detail.map { ["detail": .string($0)] } ?? [:])
    }
    guard let made else {
      throw APIError(
        .atCapacity, "sandbox rejected: at capacity; destroy one, or wait for one to end and try again.", retryAfter: 5)
    }
    return made
  }

  private var list: Route {
    Route(
      .get, "/v1/sandboxes",
      RouteDescription(
        "sandboxes", "Lists the sandboxes that are there.", answers: [.init(200, "The sandboxes.", .list("Sandbox"))])
    ) { request in
      .list(
        host.now.directory.present().filter { $0.facts.workspace == request.caller.workspace }.map { finder.json($0) })
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/sandboxes/{sandbox_id}",
      RouteDescription(
        "sandboxes", "Ends a sandbox and removes everything of it; one that is gone stays gone.",
        answers: [.init(204, "It is gone.")], errors: [.conflict])
    ) { request in
      let sandbox = try finder.sandbox(request)
      guard sandbox.facts.experiment == nil else {
        throw APIError(
          .conflict,
          "The sandbox \(sandbox.facts.id) belongs to the experiment \(sandbox.facts.experiment ?? ""); cancel that instead."
        )
      }
      guard sandbox.state != .creating else {
        throw APIError(.conflict, "The sandbox \(sandbox.facts.id) is still being built; wait until it is ready.")
      }
      await keeper.destroy(sandbox)
      return .empty
    }
  }

  var schemas: [String: JSONValue] {
    let text: JSONValue = ["type": "string"]
    let texts: JSONValue = ["type": "object", "additionalProperties": ["type": "string"]]
    return [
      "SandboxCreation": [
        "type": "object", "required": ["spec_id"],
        "properties": [
          "spec_id": text, "timeout": RequestTimeout.schema, "metadata": texts, "secrets": texts,
        ],
      ],
      "StatusDetail": [
        "type": "object", "required": ["reason", "message"],
        "properties": [
          "message": text,
          "reason": ["type": "string", "enum": .array(StatusDetail.Reason.allCases.map { .string($0.rawValue) })],
        ],
      ],
      "Sandbox": [
        "type": "object",
        "required": ["id", "spec_id", "state", "path", "url", "created_at", "metadata", "services"],
        "properties": [
          "id": text, "spec_id": text, "path": text, "url": text, "metadata": texts, "error": text,
          "experiment_id": text, "scenario_id": text, "status_detail": ["$ref": "#/components/schemas/StatusDetail"],
          "state": ["type": "string", "enum": ["creating", "ready", "running", "stopped", "error"]],
          "created_at": ["type": "string", "format": "date-time"],
          "services": [
            "type": "object",
            "additionalProperties": [
              "type": "object", "required": ["host", "port", "ready"],
              "properties": ["host": text, "port": ["type": "integer"], "ready": ["type": "boolean"]],
            ],
          ],
        ],
      ],
    ]
  }
}

/// What a sandbox may ask about itself.
struct OwnSandboxRoutes: RouteGroup {
  let finder: SandboxFinder

  var routes: [Route] { [read] }

  private var read: Route {
    Route(
      .get, "/v1/sandboxes/{sandbox_id}", access: .sandbox,
      RouteDescription("sandboxes", "Reads a sandbox.", answers: [.init(200, "The sandbox.", .json("Sandbox"))])
    ) { request in .json(finder.json(try finder.sandbox(request))) }
  }
}
