internal import KeystoneExperiment
internal import KeystoneKit
internal import KeystonePluginHost

/// The plugins of the daemon: what is there, and taking what was installed meanwhile.
struct PluginRoutes: RouteGroup {
  let host: CurrentHost
  let generations: PluginGenerations

  var routes: [Route] { [list, reload] }

  private var list: Route {
    Route(
      .get, "/v1/plugins",
      RouteDescription(
        "plugins", "Lists the types that specs can use, with the plugin each comes from, and what is refused.",
        answers: [.init(200, "The types and the refusals.", .json("Plugins"))])
    ) { _ in
      let registry = host.now.registry
      return .json([
        "generation": .integer(Int64(await generations.current)),
        "types": .array(registry.types.map(Self.type)),
        "refused": .array(registry.refusals.map { ["file": .string($0.file), "reason": .string($0.reason)] }),
      ])
    }
  }

  private var reload: Route {
    Route(
      .post, "/v1/plugins/reload",
      RouteDescription(
        "plugins", "Takes what was installed, changed or removed; what runs finishes on the plugins it began with.",
        query: [.init("runtime", "The runtime that builds sandboxes from now on; the same as before when absent.")],
        answers: [.init(200, "The new generation.", .json("PluginReload"))], errors: [.conflict])
    ) { request in
      switch await generations.reload(runtime: request.query["runtime"]) {
      case .taken(let generation, let added, let removed):
        return .json([
          "generation": .integer(Int64(generation)), "added": .array(added.map { .string($0) }),
          "removed": .array(removed.map { .string($0) }),
        ])
      case .refused(let reasons):
        throw APIError(.conflict, "the plugins in use stay: \(reasons.joined(separator: "; "))")
      }
    }
  }

  private static func type(_ type: InstalledType) -> JSONValue {
    [
      "point": .string(type.descriptor.point.rawValue), "type": .string(type.descriptor.type),
      "qualified_name": .string(type.qualifiedName), "description": .string(type.descriptor.description),
      "plugin": .string(type.plugin), "version": .string(type.version), "sha256": .string(type.digest),
    ]
  }

  var schemas: [String: JSONValue] {
    let texts: JSONValue = ["type": "array", "items": ["type": "string"]]
    let objects: JSONValue = ["type": "array", "items": ["type": "object"]]
    return [
      "Plugins": [
        "type": "object",
        "properties": ["generation": ["type": "integer"], "types": objects, "refused": objects],
      ],
      "PluginReload": [
        "type": "object", "properties": ["generation": ["type": "integer"], "added": texts, "removed": texts],
      ],
    ]
  }
}
