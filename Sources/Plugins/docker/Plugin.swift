public import KeystoneKit

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin(
    "docker", version: "1.0.0", permissions: PluginPermissions(paths: ["/:rw"]), settings: EngineSettings.declarations,
    EngineRuntime<DockerKind>.self, EngineRuntime<PodmanKind>.self
  ).export(to: host)
}
