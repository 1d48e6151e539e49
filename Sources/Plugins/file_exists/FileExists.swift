public import KeystoneKit

/// Checks that something exists at a path: a regular file, a folder or a link.
struct FileExists: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("Path, relative to the workspace.", examples: ["output.json"]) var path: String
  }

  static let type = "file_exists"
  static let summary = "Checks that a file, folder or link exists at a path."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    SandboxPath(parameters.path).diagnostics(at: "$.path")
  }

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    do {
      guard let status = try await context.sandbox.status(of: SandboxPath(parameters.path)) else {
        return .fail("\(parameters.path) does not exist")
      }
      return .pass("\(parameters.path) exists (\(status.kind.rawValue))")
    } catch let error as PluginError where error.code == .denied {
      // A link or a folder that the agent left in the way: nobody can say that the file is there.
      return .fail(error.message)
    }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("file_exists", version: "1.0.0", FileExists.self).export(to: host)
}
