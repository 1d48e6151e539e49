internal import KeystoneStore

// How a resource is added to the API:
//
// 1. Store: a file `Store/Migrations/StoreMigration+widgets.swift` with the tables, and its name at the end of
//    `StoreMigration.all`; a file `Store/Areas/SQLiteStore+widgets.swift` with a record and the questions and changes.
//    Every table has the columns `owner` and `workspace`, and every statement names the workspace of the caller, so that
//    what belongs to others is simply not there.
// 2. API: a file `API/Routes/WidgetRoutes.swift` with a struct that conforms to `RouteGroup`:
//
//        struct WidgetRoutes: RouteGroup {
//          let store: SQLiteStore
//
//          var routes: [Route] { [read] }
//
//          private var read: Route {
//            Route(
//              .get, "/v1/widgets/{id}",
//              RouteDescription(
//                "widgets", "Reads a widget.", answers: [.init(200, "The widget.", .json("Widget"))], errors: [.notFound])
//            ) { request in
//              let id = request.parameter("id")
//              guard let widget = try await store.widget(id, in: request.caller.workspace) else {
//                throw APIError.noSuch("widget", id)
//              }
//              return .json(widget.json)
//            }
//          }
//
//          var schemas: [String: JSONValue] { ["Widget": ["type": "object", …]] }
//        }
//
//    A body is a `Decodable` that `request.decode()` reads, a list with pages takes `Page(request.query)` and answers
//    `Page.answer`. Errors are thrown: `APIError`, and also `StoreFailure`, `PluginError` and decoding errors as they are.
// 3. Its line in `groups` below. `/openapi.json`, authentication, metrics and logs follow from the declaration.
//
// A route that a sandbox may call with its own token has `access: .sandbox` and names the sandbox `{sandbox_id}`.

/// Every route of the daemon.
enum APIRoutes {
  static func groups(_ services: APIServices) -> [any RouteGroup] {
    let store = services.store
    let finder = SandboxFinder(directory: services.directory, baseURL: services.baseURL)
    let origins = TraceOrigins(store: store, directory: services.directory)
    // What a sandbox may call with its own token, in the daemon as in `eval run`.
    var groups: [any RouteGroup] = [
      HealthRoutes(metrics: services.metrics),
      SandboxCommandRoutes(finder: finder),
      SandboxFileRoutes(finder: finder),
      TraceIngestRoutes(origins: origins, behaviors: services.engine?.behaviors),
      SandboxTraceRoutes(origins: origins),
    ]
    guard let engine = services.engine else {
      groups.append(OwnSandboxRoutes(finder: finder))
      return groups
    }
    groups += [
      SandboxRoutes(
        finder: finder, store: store, host: engine.host, keeper: engine.keeper, secrets: engine.secrets),
      SpecRoutes(store: store, host: engine.host),
      ExperimentRoutes(store: store, engine: engine.experiments, secrets: engine.secrets),
      ComparisonRoutes(store: store),
      PluginRoutes(host: engine.host, generations: engine.generations),
    ]
    return groups + records(store, engine)
  }

  /// What is kept about runs and for them.
  private static func records(_ store: SQLiteStore, _ engine: APIServices.Engine) -> [any RouteGroup] {
    [
      TraceReadingRoutes(store: store),
      ScenarioRoutes(store: store),
      ExportRoutes(store: store),
      DatasetRoutes(store: store),
      PromptRoutes(store: store),
      ScoreRuleRoutes(store: store),
      ScoreRoutes(store: store, scoring: engine.scoring),
      AlertRoutes(store: store, host: engine.host),
      AgentRoutes(store: store, folder: engine.snapshots),
      WorkspaceRoutes(store: store),
      JudgeRoutes(store: store, judging: engine.judging),
      BehaviorRoutes(store: store),
      LaterRoutes(host: engine.host),
    ]
  }
}
