import KeystoneFolder
public import KeystoneKit

/// Builds sandboxes as folders of this plugin and plain processes, which are confined as the plugin itself is.
struct ExampleName: Runtime {
  static let type = "example_name"
  static let summary = "Runs sandboxes as folders and plain processes, confined as this plugin is."

  func health(in context: RuntimeContext) -> RuntimeHealth {
    RuntimeHealth(isHealthy: true, reason: "sandboxes are folders below \(context.stateFolder)")
  }

  func create(_ request: SandboxRequest, in context: RuntimeContext) throws -> FolderSandbox {
    var request = request
    // The folder of the request is the host's, and this plugin may write to its own only.
    request.folder = "\(folder(context))/\(request.id)"
    return try FolderSandbox(request, runtime: Self.type)
  }

  func list(in folder: String, context: RuntimeContext) -> [ExistingSandbox] {
    FolderSandbox.existing(in: self.folder(context))
  }

  func reap(_ sandbox: ExistingSandbox, in folder: String, context: RuntimeContext) {
    FolderSandbox.reap(sandbox, in: self.folder(context))
  }

  private func folder(_ context: RuntimeContext) -> String { "\(context.stateFolder)/sandboxes" }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("example-name", version: "0.1.0", permissions: PluginPermissions(exec: true), ExampleName.self).export(
    to: host)
}
