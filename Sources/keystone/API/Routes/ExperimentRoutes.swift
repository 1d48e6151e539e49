internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneSandbox
internal import KeystoneSpec
internal import KeystoneStore

/// Experiments: created, run, watched, cancelled.
struct ExperimentRoutes: RouteGroup {
  /// How many experiments may run at once before more are turned away.
  static let mostRunning = 256

  let store: SQLiteStore
  let engine: ExperimentEngine
  let secrets: SecretBook

  var routes: [Route] { [create, list, read, run, cancel] }

  private struct Creation: Decodable {
    var name: String
    var specID: String
    var secrets: [String: String]?

    enum CodingKeys: String, CodingKey {
      case name, secrets
      case specID = "spec_id"
    }
  }

  private var create: Route {
    Route(
      .post, "/v1/experiments",
      RouteDescription(
        "experiments", "Creates an experiment of the latest version of a spec; nothing runs yet.",
        body: .json("ExperimentCreation"), answers: [.init(201, "The experiment.", .json("Experiment"))])
    ) { request in
      let body: Creation = try await request.decode()
      let caller = request.caller
      guard let spec = try await store.spec(body.specID, in: caller.workspace) else {
        throw APIError.noSuch("spec", body.specID)
      }
      let record = ExperimentRecord(
        id: Identifier.random(prefix: "exp-"), name: body.name, specID: spec.id, specFile: "\(spec.id).yaml",
        spec: spec.content, seed: Int64.random(in: 0..<1 << 31), status: "created", createdAt: UTCClock.now(),
        owner: caller.owner, workspace: caller.workspace)
      let sealed = try secrets.seal(body.secrets ?? [:], experiment: record.id)
      try await store.create(record, secrets: sealed, specVersion: spec.version)
      return .json(Self.json(record), status: 201)
    }
  }

  private var list: Route {
    Route(
      .get, "/v1/experiments",
      RouteDescription(
        "experiments", "Lists the latest 1000 experiments, the newest first.",
        answers: [.init(200, "The experiments.", .list("Experiment"))])
    ) { request in
      .list(try await store.experiments(in: request.caller.workspace, latest: 1000).map(Self.json))
    }
  }

  private var read: Route {
    Route(
      .get, "/v1/experiments/{id}",
      RouteDescription(
        "experiments", "Reads the results so far; they are complete when the counters add up to the total.",
        answers: [.init(200, "The results.", .json("RunResults"))])
    ) { request in
      let record = try await store.find(request)
      return try await ExperimentResults(store: store, record: record).response()
    }
  }

  private var run: Route {
    Route(
      .post, "/v1/experiments/{id}/run",
      RouteDescription(
        "experiments", "Queues all scenarios of an experiment and answers when they are written down.",
        answers: [.init(202, "They are queued.", .json("RunStarted"))], errors: [.conflict, .unprocessable])
    ) { request in
      let record = try await store.find(request)
      guard await engine.count < Self.mostRunning else {
        throw APIError(
          .atCapacity, "experiment rejected: at capacity; wait for one to end and try again.", retryAfter: 5)
      }
      do {
        let total = try await engine.run(record) { spec in
          let rows = try await store.datasetRows(of: spec, in: record.workspace)
          let scenarios = ExperimentPlan.scenarios(
            spec, replicas: nil, rows: rows, seed: spec.determinism.seed.map { Int64(clamping: $0) } ?? record.seed)
          guard scenarios.count <= ExperimentPlan.most else {
            throw APIError(
              .unprocessable,
              "The experiment has \(scenarios.count) scenarios; \(ExperimentPlan.most) are the most at once, use `limit`."
            )
          }
          return scenarios
        }
        return .json(
          [
            "experiment_id": .string(record.id), "status": "running", "total_scenarios": .integer(Int64(total)),
          ], status: 202)
      } catch let unusable as UnusableSpec {
        throw APIError(unusable)
      }
    }
  }

  private var cancel: Route {
    Route(
      .post, "/v1/experiments/{id}/cancel",
      RouteDescription(
        "experiments", "Stops a run and answers when its sandboxes are gone; what is done stays.",
        answers: [.init(200, "The experiment.", .json("Experiment"))], errors: [.conflict])
    ) { request in
      let record = try await store.find(request)
      guard await engine.cancel(record.id) else {
        throw APIError(.conflict, "The experiment `\(record.id)` is not running; there is nothing to cancel.")
      }
      return .json(Self.json(try await store.find(request)))
    }
  }

  static func json(_ record: ExperimentRecord) -> JSONValue {
    [
      "id": .string(record.id), "name": .string(record.name), "spec_id": .string(record.specID),
      "status": .string(record.status), "created_at": .string(record.createdAt),
    ]
  }

  var schemas: [String: JSONValue] { ExperimentSchemas.all }
}

extension SQLiteStore {
  /// The experiment that the path of a request names, if it is the caller's to see.
  func find(_ request: APIRequest) async throws -> ExperimentRecord {
    let id = request.parameter("id")
    guard let record = try await experiment(id, in: request.caller.workspace) else {
      throw APIError.noSuch("experiment", id)
    }
    return record
  }
}
