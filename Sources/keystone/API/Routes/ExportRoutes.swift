internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneRecords
internal import KeystoneStore

/// Exports everything that is known of an experiment, in the memory of one page.
struct ExportRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] {
    [
      Route(
        .get, "/v1/experiments/{id}/export",
        RouteDescription(
          "experiments", "Exports an experiment with its results, scenarios, traces and scores.",
          query: [.init("format", "`json` or `ndjson`.", schema: ["type": "string", "enum": ["json", "ndjson"]])],
          answers: [
            .init(
              200, "One object, or one object a line, each with its `kind`.",
              .jsonOr("AnyObject", text: "application/x-ndjson"))
          ])
      ) { request in
        let format = request.query["format"] ?? "json"
        guard ["json", "ndjson"].contains(format) else {
          throw APIError(.invalid, "`format` must be `json` or `ndjson`.")
        }
        let record = try await store.find(request)
        let export = ExperimentExport(store: store, record: record, workspace: request.caller.workspace)
        return format == "json"
          ? .stream(type: "application/json") { try await export.writeObject(&$0) }
          : .stream(type: "application/x-ndjson") { try await export.writeLines(&$0) }
      }
    ]
  }
}

/// Writes an experiment out, piece by piece.
private struct ExperimentExport: Sendable {
  private static let page = 200

  let store: SQLiteStore
  let record: ExperimentRecord
  let workspace: String

  func writeObject(_ body: inout BodyWriter) async throws {
    try await body.write(Array("{\"experiment\":\(ExperimentRoutes.json(record).text),\"result\":".utf8))
    try await body.write(try await result().bytes)
    for kind in Kind.allCases {
      var separator = ",\"\(kind.rawValue)s\":["
      try await forEach(kind) { items in
        let text = separator + items.map(\.text).joined(separator: ",")
        separator = ","
        try await body.write(Array(text.utf8))
      }
      try await body.write(Array((separator == "," ? "]" : separator + "]").utf8))
    }
    try await body.write(Array("}".utf8))
  }

  func writeLines(_ body: inout BodyWriter) async throws {
    var header = ExperimentRoutes.json(record)
    header["kind"] = "header"
    header["experiment_id"] = .string(record.id)
    var result = try await result()
    result["kind"] = "result"
    try await body.write(Array("\(header.text)\n\(result.text)\n".utf8))
    for kind in Kind.allCases {
      try await forEach(kind) { items in
        let lines = items.map { item in
          var item = item
          item["kind"] = .string(kind.rawValue)
          return item.text + "\n"
        }
        try await body.write(Array(lines.joined().utf8))
      }
    }
  }

  private enum Kind: String, CaseIterable { case scenario, trace, score }

  /// The results without scenarios; an empty object while there are none.
  private func result() async throws -> JSONValue {
    guard let results = try await store.closingResults(of: record.id), results.object != nil else { return [:] }
    return results
  }

  private func forEach(_ kind: Kind, _ take: ([JSONValue]) async throws -> Void) async throws {
    switch kind {
    case .scenario:
      var place: SQLiteStore.ScenarioPlace?
      repeat {
        let (items, next) = try await store.scenarios(
          in: workspace, experiment: record.id, status: nil, scenario: nil, after: place, limit: Self.page)
        if !items.isEmpty { try await take(items) }
        place = next
      } while place != nil
    case .trace:
      var filter = TraceFilter()
      filter.experiment = record.id
      for try await events in EventPages(store: store, workspace: workspace, filter: filter) { try await take(events) }
    case .score:
      var last: Int64 = 0
      while case let scores = try await store.scores(
        in: workspace, experiment: record.id, after: last, limit: Self.page), !scores.isEmpty
      {
        try await take(scores.map(\.json))
        last = scores.last?.id ?? last
      }
    }
  }
}
