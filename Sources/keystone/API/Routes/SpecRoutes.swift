internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneSpec
internal import KeystoneStore

/// Specs: uploaded as YAML, versioned by uploading again.
struct SpecRoutes: RouteGroup {
  let store: SQLiteStore
  let host: CurrentHost

  var routes: [Route] { [upload, list, read, remove] }

  private var upload: Route {
    Route(
      .post, "/v1/specs",
      RouteDescription(
        "specs", "Uploads a spec as YAML; the same id again makes a new version.", body: .text("application/x-yaml"),
        answers: [.init(201, "The spec as it was understood.", .json("Spec"))])
    ) { request in
      let bytes = try await request.bytes(upTo: SpecFile.largest)
      let (spec, diagnostics) = await SpecReading.check(bytes, file: "spec.yaml", registry: host.now.registry)
      guard let spec else { throw APIError(UnusableSpec(diagnostics: diagnostics, needs: [])) }
      let record = try await store.addSpec(
        spec.id, content: String(decoding: bytes, as: UTF8.self), owner: request.caller.owner,
        workspace: request.caller.workspace)
      var object = object(record, spec.json)
      if !diagnostics.isEmpty { object["warnings"] = .array(diagnostics.map(\.json)) }
      return .json(object, status: 201)
    }
  }

  private var list: Route {
    Route(
      .get, "/v1/specs",
      RouteDescription(
        "specs", "Lists the latest version of every spec.", answers: [.init(200, "The specs.", .list("Spec"))])
    ) { request in
      var items: [JSONValue] = []
      for record in try await store.specs(in: request.caller.workspace) { items.append(await object(record)) }
      return .list(items)
    }
  }

  private var read: Route {
    Route(
      .get, "/v1/specs/{id}",
      RouteDescription(
        "specs", "Reads the latest version of a spec.", answers: [.init(200, "The spec.", .json("Spec"))])
    ) { request in
      let id = request.parameter("id")
      guard let record = try await store.spec(id, in: request.caller.workspace) else {
        throw APIError.noSuch("spec", id)
      }
      return .json(await object(record))
    }
  }

  private var remove: Route {
    Route(
      .delete, "/v1/specs/{id}",
      RouteDescription(
        "specs", "Removes a spec with its versions; experiments keep their copy.", answers: [.init(204, "It is gone.")])
    ) { request in
      try await store.removeSpec(request.parameter("id"), in: request.caller.workspace)
      return .empty
    }
  }

  /// What was stored was understood once; a plugin that is gone since takes nothing but the parsed sections away.
  private func object(_ record: SpecRecord) async -> JSONValue {
    let (spec, _) = await SpecReading.check(
      Array(record.content.utf8), file: "spec.yaml", registry: host.now.registry)
    return object(record, spec?.json ?? [:])
  }

  private func object(_ record: SpecRecord, _ parsed: JSONValue) -> JSONValue {
    var object = parsed
    object["id"] = .string(record.id)
    object["version"] = .integer(Int64(record.version))
    object["description"] = .string(parsed["description"]?.string ?? "")
    object["content"] = .string(record.content)
    object["created_at"] = .string(record.createdAt)
    return object
  }

  var schemas: [String: JSONValue] {
    [
      "Spec": [
        "type": "object", "required": ["id", "version", "description", "content", "created_at"],
        "properties": [
          "id": ["type": "string"], "version": ["type": "integer", "minimum": 1],
          "description": ["type": "string"], "content": ["type": "string"],
          "created_at": ["type": "string", "format": "date-time"],
        ],
      ]
    ]
  }
}

extension APIError {
  /// A spec with every problem it has: as sentences, and as `diagnostics` with line and column.
  init(_ unusable: UnusableSpec) {
    guard unusable.needs.isEmpty else {
      self.init(
        .unprocessable, "The spec cannot be run here: \(unusable.needs.joined(separator: "; ")).",
        details: ["needs": .array(unusable.needs.map { .string($0) })])
      return
    }
    let errors = unusable.diagnostics.filter { $0.severity == .error }
    let first = errors.first.map { diagnostic in
      let place = diagnostic.range.map { "line \($0.start.line): " } ?? ""
      return "\(place)\(diagnostic.message)"
    }
    let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
    self.init(
      .invalid, "The spec is not valid: \(first ?? "it cannot be read")\(more); see `diagnostics`.",
      details: ["diagnostics": .array(unusable.diagnostics.map(\.json))])
  }
}
