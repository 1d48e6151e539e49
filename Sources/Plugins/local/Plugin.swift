public import KeystoneKit

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin(
    "local", version: "1.0.0", permissions: PluginPermissions(paths: ["/:rw"], exec: true),
    settings: LocalSettings.declarations, LocalRuntime.self
  ).export(to: host)
}
