internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystonePluginHost

/// What clients may ask for and this version does not have, said in a sentence; and the models that judges know.
struct LaterRoutes: RouteGroup {
  let host: CurrentHost

  private static let absent: [(Route.Method, String, String)] = [
    (.post, "/v1/paragon/chat", "chat"), (.get, "/v1/paragon/threads", "chat"),
    (.get, "/v1/paragon/threads/{id}", "chat"), (.delete, "/v1/paragon/threads/{id}", "chat"),
    (.get, "/v1/account", "account"), (.get, "/v1/repositories", "account"),
    (.get, "/v1/agents/{name}", "agent record"), (.delete, "/v1/agents/{name}", "agent record"),
    (.post, "/v1/agents/{name}/archive", "agent record"), (.post, "/v1/agents/{name}/unarchive", "agent record"),
    (.get, "/v1/agents/{name}/runs", "agent record"), (.get, "/v1/agents/{name}/runs/{run}", "agent record"),
    (.post, "/v1/agents/{name}/runs/{run}/cancel", "agent record"),
    (.get, "/v1/agents/{name}/runs/{run}/artifacts", "agent record"),
    (.get, "/v1/agents/{name}/runs/{run}/artifacts/{artifact}", "agent record"),
    (.get, "/v1/agents/{name}/messages", "agent record"), (.post, "/v1/usage/events", "usage"),
    (.get, "/v1/usage/{key}", "usage"), (.get, "/v1/usage/{key}/active", "usage"),
  ]

  var routes: [Route] {
    Self.absent.map { method, path, name in
      Route(
        method, path,
        RouteDescription(
          "later", "The \(name) service, which this version does not have.", answers: [], errors: [.notImplemented])
      ) { _ in
        throw APIError(
          .notImplemented, "This version of Keystone has no \(name) service; `/openapi.json` lists what it has.")
      }
    } + [models]
  }

  private var models: Route {
    Route(
      .get, "/v1/models",
      RouteDescription(
        "judges", "The models that are priced, and whether a judge can ask them.",
        answers: [.init(200, "The models.", .json("AnyObject"))])
    ) { _ in
      let isConfigured = Self.hasJudge(host.now.registry)
      let models = ["paragon-fast", "paragon-max"] + Pricing.models
      return .json([
        "models": .array(
          models.map { model in
            [
              "id": .string(model), "display_name": .string(model), "provider": .string(Self.provider(of: model)),
              "configured": .bool(isConfigured),
            ]
          })
      ])
    }
  }

  /// Whether the operator has told the judge whom to ask: an address or a key.
  private static func hasJudge(_ registry: PluginRegistry) -> Bool {
    guard let type = registry.type(.invariant, "llm_as_judge"),
      let plugin = registry.plugins.first(where: { $0.descriptor.name == type.plugin })
    else { return false }
    return plugin.descriptor.settings.contains { setting in
      (setting.secret || setting.type == .url) && plugin.settings.values[setting.name]?.string?.isEmpty == false
    }
  }

  private static func provider(of model: String) -> String {
    let prefixes = [
      "claude": "anthropic", "gpt": "openai", "o1": "openai", "o3": "openai", "o4": "openai", "gemini": "google",
      "grok": "xai", "deepseek": "deepseek", "paragon": "polarity",
    ]
    return prefixes.first { model.hasPrefix($0.key) }?.value ?? ""
  }
}
