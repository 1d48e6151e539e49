public import KeystoneKit

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("sql", version: "1.0.0", SQLInvariant.self, SQLFixture.self).export(to: host)
}
