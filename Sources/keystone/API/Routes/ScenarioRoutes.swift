internal import KeystoneKit
internal import KeystoneStore

/// The results of runs across experiments.
struct ScenarioRoutes: RouteGroup {
  let store: SQLiteStore

  var routes: [Route] {
    [
      Route(
        .get, "/v1/scenarios",
        RouteDescription(
          "experiments", "The finished scenarios of a workspace, by experiment and in their order.",
          query: Page.parameters + [
            .init("experiment_id", "Only scenarios of this experiment."),
            .init("status", "Only scenarios with this status: pass, fail, flaky or error."),
            .init("scenario_id", "Only scenarios with this id."),
          ], answers: [.init(200, "A page of scenarios.", .json("TracePage"))])
      ) { request in
        let page = try Page(request.query)
        let (items, next) = try await store.scenarios(
          in: request.caller.workspace, experiment: request.query["experiment_id"], status: request.query["status"],
          scenario: request.query["scenario_id"], after: try Self.start(page), limit: page.limit)
        return Page.answer(items, next: next.map { [.string($0.experiment), .integer(Int64($0.ordinal))] })
      }
    ]
  }

  private static func start(_ page: Page) throws -> SQLiteStore.ScenarioPlace? {
    guard let key = page.after else { return nil }
    guard key.count == 2, let experiment = key[0].string, let ordinal = key[1].int else {
      throw APIError(.invalid, "The cursor is none of this list's; leave it out to begin anew.")
    }
    return .init(experiment: experiment, ordinal: Int(clamping: ordinal))
  }
}
