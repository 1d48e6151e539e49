internal import KeystoneKit

/// Whether the daemon lives, what it counts, and what it can do.
struct HealthRoutes: RouteGroup {
  let metrics: APIMetrics

  var routes: [Route] {
    [health("/health"), health("/healthz"), metricsRoute]
  }

  private func health(_ path: String) -> Route {
    Route(
      .get, path, access: .open,
      RouteDescription("health", "Says that the daemon answers.", answers: [.init(200, "It does.", .json("Health"))])
    ) { _ in .json(["status": "ok"]) }
  }

  private var metricsRoute: Route {
    Route(
      .get, "/metrics", access: .open,
      RouteDescription(
        "health", "The daemon's counters for Prometheus.",
        answers: [.init(200, "The counters.", .text("text/plain; version=0.0.4"))])
    ) { _ in .text(await metrics.text(), type: "text/plain; version=0.0.4") }
  }

  var schemas: [String: JSONValue] {
    [
      "Health": [
        "type": "object", "required": ["status"], "properties": ["status": ["type": "string", "const": "ok"]],
      ]
    ]
  }
}
