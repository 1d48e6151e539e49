internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneSandbox
internal import KeystoneStore

/// Agent snapshots: immutable bundles of an agent's code, versioned by name.
struct AgentRoutes: RouteGroup {
  let store: SQLiteStore
  let folder: SnapshotFolder

  var routes: [Route] { [upload, list, latest, version, tagged, versions, read, remove] }

  private var upload: Route {
    Route(
      .post, "/v1/agents",
      RouteDescription(
        "agents", "Keeps a snapshot: a form with `metadata` (JSON) and `bundle` (a gzip tarball).",
        body: .text("multipart/form-data"), answers: [.init(201, "The snapshot.", .json("Snapshot"))])
    ) { request in
      let (metadata, upload) = try await receive(request)
      let (owner, workspace) = (request.caller.owner, request.caller.workspace)
      let added = try await folder.change {
        let digest = try upload.finish()
        var body = metadata.body
        body["digest"] = .string("sha256:\(digest)")
        body["size_bytes"] = .integer(Int64(upload.size))
        // The same content under another name or version is another snapshot of the same bundle.
        let plain = "snap_\(digest.prefix(16))"
        let isTaken = try await store.document(.snapshot, plain, in: workspace) != nil
        let snapshot = Document(
          .snapshot, id: isTaken ? Identifier.random(prefix: "\(plain)_") : plain, owner: owner, workspace: workspace,
          name: metadata.name, tag: metadata.tag, body: .object(body), createdAt: UTCClock.now())
        return try await store.add(snapshot, isVersioned: true)
      }
      return .json(added.snapshotJSON, status: 201)
    }
  }

  /// Reads the form; the bundle goes to the disk as it comes.
  private func receive(_ request: APIRequest) async throws -> (SnapshotMetadata, SnapshotUpload) {
    var reader = try MultipartReader(contentType: request.header("content-type"))
    let upload = try folder.begin()
    var (part, metadata, hasBundle) = ("", [UInt8](), false)
    for try await frame in request.frames(until: .now + .seconds(300)) {
      try reader.add(frame) { event in
        switch event {
        case .part(let name):
          part = name
          hasBundle = hasBundle || name == "bundle"
        case .content(let bytes) where part == "metadata":
          metadata += bytes
          guard metadata.count <= 1 << 20 else { throw APIRequest.tooLarge(1 << 20) }
        case .content(let bytes) where part == "bundle": try upload.add(bytes)
        default: break
        }
      }
    }
    guard reader.isFinished, hasBundle, !metadata.isEmpty else {
      throw APIError(.invalid, "The form needs the parts `metadata` and `bundle`, and its end.")
    }
    let facts = try SnapshotMetadata(try JSONValue(parsing: metadata))
    return (facts, upload)
  }

  private var list: Route {
    paging("/v1/agents", "All snapshots of a workspace, the oldest first.") { _ in nil }
  }

  private var versions: Route {
    paging("/v1/agents/{name}/versions", "The versions of an agent, the oldest first.") { $0.parameter("name") }
  }

  private func paging(
    _ path: String, _ summary: String, _ name: @escaping @Sendable (APIRequest) -> String?
  ) -> Route {
    Route(
      .get, path,
      RouteDescription(
        "agents", summary, query: Page.parameters, answers: [.init(200, "A page of snapshots.", .json("TracePage"))])
    ) { request in
      let page = try Page(request.query)
      var filter = DocumentFilter(.snapshot, in: request.caller.workspace)
      filter.name = name(request)
      filter.after = try TraceReadingRoutes.start(page)
      filter.limit = page.limit + 1
      let snapshots = try await store.documents(filter)
      let shown = snapshots.prefix(page.limit)
      let next = snapshots.count > page.limit ? shown.last?.ordinal : nil
      return Page.answer(shown.map(\.snapshotJSON), next: next.map { [.integer($0)] })
    }
  }

  private var latest: Route {
    reading("latest", "The newest version of an agent.") { _, _ in }
  }

  private var version: Route {
    reading("versions/{version}", "One version of an agent.") { request, filter in
      filter.version = Int(request.parameter("version")) ?? 0
    }
  }

  private var tagged: Route {
    reading("tags/{tag}", "The newest snapshot of an agent with a tag.") { request, filter in
      filter.tag = request.parameter("tag")
    }
  }

  private func reading(
    _ path: String, _ summary: String, _ narrow: @escaping @Sendable (APIRequest, inout DocumentFilter) -> Void
  ) -> Route {
    Route(
      .get, "/v1/agents/{name}/\(path)",
      RouteDescription(
        "agents", summary, answers: [.init(200, "The snapshot.", .json("Snapshot"))], errors: [.notFound])
    ) { request in
      var filter = DocumentFilter(.snapshot, in: request.caller.workspace)
      filter.name = request.parameter("name")
      filter.isNewestFirst = true
      filter.limit = 1
      narrow(request, &filter)
      guard let snapshot = try await store.documents(filter).first else {
        throw APIError.noSuch("agent", request.parameter("name"))
      }
      return .json(snapshot.snapshotJSON)
    }
  }

  private var read: Route {
    Route(
      .get, "/v1/snapshots/{id}",
      RouteDescription(
        "agents", "Reads a snapshot.", answers: [.init(200, "The snapshot.", .json("Snapshot"))], errors: [.notFound])
    ) { request in
      let id = request.parameter("id")
      guard let snapshot = try await store.document(.snapshot, id, in: request.caller.workspace) else {
        throw APIError.noSuch("snapshot", id)
      }
      return .json(snapshot.snapshotJSON)
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/snapshots/{id}",
      RouteDescription(
        "agents", "Removes a snapshot; its bundle goes with the last that has it.",
        answers: [.init(204, "It is gone.")], errors: [.notFound])
    ) { request in
      let (id, workspace) = (request.parameter("id"), request.caller.workspace)
      try await folder.change {
        let digest = try await store.document(.snapshot, id, in: workspace)?.body["digest"]?.string
        try await store.remove(.snapshot, id, in: workspace)
        if let digest, try await !store.hasSnapshot(digest: digest) { folder.remove(String(digest.dropFirst(7))) }
      }
      return .empty
    }
  }

  var schemas: [String: JSONValue] {
    [
      "Snapshot": [
        "type": "object", "required": ["id", "name", "version", "digest", "size_bytes", "entrypoint", "created_at"],
        "properties": [
          "id": ["type": "string"], "name": ["type": "string"], "version": ["type": "integer"],
          "tag": ["type": ["string", "null"]], "digest": ["type": "string"], "size_bytes": ["type": "integer"],
          "entrypoint": ["type": "array", "items": ["type": "string"]], "created_at": ["type": "string"],
        ],
      ]
    ]
  }
}

extension Document {
  fileprivate var snapshotJSON: JSONValue {
    var json = body
    json["id"] = .string(id)
    json["user_id"] = .string(owner)
    json["name"] = .string(name)
    json["version"] = .integer(Int64(version))
    json["tag"] = tag.map { .string($0) }
    json["storage_path"] = body["digest"]
    json["created_at"] = .string(createdAt)
    return json
  }
}
