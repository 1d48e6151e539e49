internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystoneStore

/// Experiments compared, and their metrics with trends.
struct ComparisonRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] { [compare, metrics] }

  private struct Pair: Decodable {
    var baselineID: String
    var candidateID: String

    enum CodingKeys: String, CodingKey {
      case baselineID = "baseline_id"
      case candidateID = "candidate_id"
    }
  }

  private var compare: Route {
    Route(
      .post, "/v1/experiments/compare",
      RouteDescription(
        "experiments", "Compares the metrics of two experiments.", body: .json("ComparisonRequest"),
        answers: [.init(200, "The comparison.", .json("Comparison"))])
    ) { request in
      let pair: Pair = try await request.decode()
      return .json(
        ExperimentComparison.json(
          baseline: try await side(pair.baselineID, request.caller),
          candidate: try await side(pair.candidateID, request.caller)))
    }
  }

  private func side(_ id: String, _ caller: Caller) async throws -> ExperimentComparison.Side {
    guard let record = try await store.experiment(id, in: caller.workspace) else {
      throw APIError.noSuch("experiment", id)
    }
    let figures = try await store.figures(of: id)
    return ExperimentComparison.Side(
      id: id, metrics: try await metrics(of: record, figures), figures: figures)
  }

  private func metrics(of record: ExperimentRecord, _ figures: [JSONValue]) async throws -> JSONValue {
    if let closed = try await store.closingResults(of: record.id)?["metrics"] { return closed }
    return RunResults.progress(record, figures: figures)["metrics"] ?? [:]
  }

  private var metrics: Route {
    Route(
      .get, "/v1/metrics/experiments/{id}",
      RouteDescription(
        "experiments",
        "The metrics of an experiment, and how cost and pass rate went over the latest 100 runs of its spec.",
        answers: [.init(200, "The metrics.", .json("ExperimentMetrics"))])
    ) { request in
      let record = try await store.find(request)
      let figures = try await store.figures(of: record.id)
      let metrics = try await metrics(of: record, figures)
      let runs = try await store.runs(of: record.specID, in: record.workspace, latest: 100)
      return .json([
        "experiment_id": .string(record.id), "summary": summary(metrics, figures), "metrics": metrics,
        "tool_breakdown": [:], "cost_trend": .array(runs.map { trend($0, "total_cost_usd", "cost_usd") }),
        "pass_rate_trend": .array(runs.map { trend($0, "pass_rate", "pass_rate") }),
      ])
    }
  }

  private func summary(_ metrics: JSONValue, _ figures: [JSONValue]) -> JSONValue {
    var summary: [String: JSONValue] = [
      "total_runs": .integer(Int64(figures.count)),
      "total_tool_calls": .integer(figures.reduce(0) { $0 + ($1["tool_calls"]?.int ?? 0) }),
    ]
    for name in [
      "pass_rate", "total_cost_usd", "mean_cost_per_run_usd", "mean_wall_ms", "p95_wall_ms", "tool_success_rate",
    ] { summary[name] = metrics[name] ?? 0 }
    return .object(summary)
  }

  /// One point of a trend; a second run of the same experiment is told apart by its number.
  private func trend(_ run: ExperimentRunRecord, _ metric: String, _ name: String) -> JSONValue {
    .object([
      "run_id": .string(run.run == 1 ? run.experiment : "\(run.experiment)#\(run.run)"),
      name: run.results["metrics"]?[metric] ?? 0, "ts": .string(run.closedAt),
    ])
  }
}
