public import KeystoneKit

/// Checks that nothing exists at a path, not even a link that leads nowhere.
struct FileAbsent: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("Path, relative to the workspace.", examples: ["debug.log"]) var path: String
  }

  static let type = "file_absent"
  static let summary = "Checks that no file, folder or link exists at a path."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    SandboxPath(parameters.path).diagnostics(at: "$.path")
  }

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    do {
      guard let status = try await context.sandbox.status(of: SandboxPath(parameters.path)) else {
        return .pass("\(parameters.path) does not exist")
      }
      return .fail("\(parameters.path) exists (\(status.kind.rawValue))")
    } catch let error as PluginError where error.code == .denied {
      // A link or a folder that the agent left in the way: nobody can say that the file is gone.
      return .fail(error.message)
    }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("file_absent", version: "1.0.0", FileAbsent.self).export(to: host)
}
