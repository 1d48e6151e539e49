internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneStore

/// Datasets: named collections of cases, with one more version for every batch of records.
struct DatasetRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] { [create, list, read, remove, addRecords, records] }

  private var create: Route {
    Route(
      .post, "/v1/datasets",
      RouteDescription(
        "datasets", "Makes an empty dataset.", body: .json("NewDataset"),
        answers: [.init(201, "The dataset, of version 1.", .json("Dataset"))])
    ) { request in
      let fields = try await request.fields()
      let dataset = Dataset(
        id: Identifier.random(prefix: "ds_"), owner: request.caller.owner, workspace: request.caller.workspace,
        name: try fields.required("name"), description: try fields.text("description") ?? "",
        createdAt: UTCClock.now())
      try await store.add(dataset)
      return .json(dataset.json, status: 201)
    }
  }

  private var list: Route {
    Route(
      .get, "/v1/datasets",
      RouteDescription(
        "datasets", "The datasets of a workspace, the oldest first.",
        answers: [.init(200, "The datasets.", .list("Dataset"))])
    ) { request in .list(try await store.datasets(in: request.caller.workspace).map(\.json)) }
  }

  private var read: Route {
    Route(
      .get, "/v1/datasets/{id}",
      RouteDescription(
        "datasets", "Reads a dataset.", answers: [.init(200, "The dataset.", .json("Dataset"))], errors: [.notFound])
    ) { request in .json(try await dataset(of: request).json) }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/datasets/{id}",
      RouteDescription(
        "datasets", "Removes a dataset with its records.", answers: [.init(204, "It is gone.")], errors: [.notFound])
    ) { request in
      try await store.removeDataset(request.parameter("id"), in: request.caller.workspace)
      return .empty
    }
  }

  private var addRecords: Route {
    Route(
      .post, "/v1/datasets/{id}/records",
      RouteDescription(
        "datasets", "Adds records, which are the dataset's next version.", body: .json("NewRecords"),
        answers: [.init(200, "How many were added.", .json("AddedRecords"))], errors: [.notFound])
    ) { request in
      let records = try DatasetRecord.batch(try await request.json())
      let version = try await store.add(
        records, to: request.parameter("id"), in: request.caller.workspace,
        makeID: { Identifier.random(prefix: "rec_") })
      return .json(["added": .integer(Int64(records.count)), "version": .integer(Int64(version))])
    }
  }

  private var records: Route {
    Route(
      .get, "/v1/datasets/{id}/records",
      RouteDescription(
        "datasets", "The records of a dataset, in the order in which they were added.",
        query: [
          .init(
            "version", "The dataset as it was then: this version's records and those before it.",
            schema: ["type": "integer", "minimum": 1]),
          .init("tags", "Only records with one of these tags, which commas separate."),
        ], answers: [.init(200, "The records.", .list("DatasetRecord"))], errors: [.notFound])
    ) { request in
      let dataset = try await dataset(of: request)
      let tags = request.query["tags"]?.split(separator: ",").map(String.init) ?? []
      let records = try await store.records(
        of: dataset.id, version: try request.query.integer("version", in: 1...Int.max), tags: tags)
      return .list(records.map { $0.json(of: dataset.id) })
    }
  }

  private func dataset(of request: APIRequest) async throws -> Dataset {
    let id = request.parameter("id")
    guard let dataset = try await store.dataset(id, in: request.caller.workspace), dataset.id == id else {
      throw APIError.noSuch("dataset", id)
    }
    return dataset
  }

  var schemas: [String: JSONValue] {
    let record: [String: JSONValue] = [
      "input": ["type": "object"], "expected": ["type": ["object", "null"]], "metadata": ["type": ["object", "null"]],
      "tags": ["type": ["array", "null"], "items": ["type": "string"]],
    ]
    return [
      "NewDataset": [
        "type": "object", "required": ["name"],
        "properties": ["name": ["type": "string", "minLength": 1], "description": ["type": ["string", "null"]]],
      ],
      "Dataset": [
        "type": "object", "required": ["id", "name", "version"],
        "properties": ["id": ["type": "string"], "name": ["type": "string"], "version": ["type": "integer"]],
      ],
      "NewRecords": [
        "type": "object", "required": ["records"],
        "properties": [
          "records": [
            "type": "array", "items": ["type": "object", "required": ["input"], "properties": .object(record)],
          ]
        ],
      ],
      "AddedRecords": [
        "type": "object", "required": ["added"],
        "properties": ["added": ["type": "integer"], "version": ["type": "integer"]],
      ],
      "DatasetRecord": [
        "type": "object", "required": ["id", "dataset_id", "input", "version"], "properties": .object(record),
      ],
    ]
  }
}

extension Dataset {
  fileprivate var json: JSONValue {
    [
      "id": .string(id), "user_id": .string(owner), "name": .string(name), "description": .string(description),
      "version": .integer(Int64(version)), "created_at": .string(createdAt),
    ]
  }
}

extension DatasetRecord {
  fileprivate func json(of dataset: String) -> JSONValue {
    var json = body
    json["id"] = .string(id)
    json["dataset_id"] = .string(dataset)
    json["version"] = .integer(Int64(version))
    return json
  }
}
