public import KeystoneKit

/// Copies a folder or file inside the workspace, or from beside the spec where the caller's own files may be used.
struct Directory: Fixture {
  struct Parameters: ParameterSet {
    @Parameter("What is copied: a path of the workspace, else one beside the spec (`keystone eval run` only).")
    var source: String
    @Parameter("The folder of the workspace that receives what `source` contains.") var target = "."
  }

  static let type = "directory"
  static let summary = "Copies a folder or file into the workspace."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    SandboxPath(parameters.source).diagnostics(at: "$.source")
      + SandboxPath(parameters.target).diagnostics(at: "$.target")
  }

  func apply(_ parameters: Parameters, in context: FixtureContext) async throws {
    let sandbox = context.sandbox
    if try await sandbox.status(of: SandboxPath(parameters.source)) != nil {
      try await copy(parameters.source, to: parameters.target, in: sandbox)
    } else if context.scenario.allowsLocalFiles {
      try await sandbox.copyIn(parameters.source, to: SandboxPath(parameters.target))
    } else {
      throw PluginError(
        .notFound,
        """
        fixture `directory`: \(parameters.source) is not in the workspace; create it there with an earlier fixture, or use \
        `keystone eval run`, which also copies from beside the spec
        """)
    }
  }

  /// Copies inside the sandbox, with the agent's own rights: a link is copied as a link, whatever it points to.
  private func copy(_ source: String, to target: String, in sandbox: Sandbox) async throws {
    let script = """
      mkdir -p -- "$2" || exit
      if [ -d "$1" ] && [ ! -L "$1" ]; then cp -a -- "$1/." "$2"; else cp -a -- "$1" "$2"; fi
      """
    let paths = [try await sandbox.commandPath(source), try await sandbox.commandPath(target)]
    let result = try await sandbox.run(Command(["/bin/sh", "-c", script, "sh"] + paths), of: .last)
    guard result.status.isSuccess else {
      throw PluginError(
        .invalid, "fixture `directory`: copying \(source) to \(target) \(result.status.ending): \(result.lastLines())")
    }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("directory", version: "1.0.0", Directory.self).export(to: host)
}
