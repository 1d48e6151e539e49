public import KeystoneKit

/// Forbids changes of files that lie outside of the given paths.
///
/// What counts is the workspace when the agent's end state was sealed, compared file by file with what it was.
struct FileWritesOutside: ForbiddenRule {
  struct Parameters: ShorthandParameterSet {
    @Parameter(
      "Files, folders and patterns with `*`, `?` and `**` that may be changed; `.` is the whole workspace.",
      examples: [["src/", "docs/*.md"]])
    var paths: [String]

    init() {}
    init(shorthand: [String]) { paths = shorthand }
  }

  static let type = "file_writes_outside"
  static let summary = "Forbids changes of files outside of the given paths: `file_writes_outside: [src/, docs/]`."
  static let sources: [AuditSource] = [.fileChanges]

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    parameters.paths.enumerated().flatMap { index, path in
      SandboxPath(path).diagnostics(at: "$.paths[\(index)]")
    }
  }

  func violations(_ parameters: Parameters, in context: CheckContext) async throws -> [Violation] {
    let allowed = parameters.paths.map(PathPattern.init)
    let list = parameters.paths.isEmpty ? "no path" : parameters.paths.joined(separator: ", ")
    return try await context.sandbox.changes().compactMap { change in
      guard !allowed.contains(where: { $0.covers(change.path) }) else { return nil }
      return Violation("the agent \(change.kind.rawValue) \(change.path), which is outside of \(list)")
    }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("file_writes_outside", version: "1.0.0", FileWritesOutside.self).export(to: host)
}
