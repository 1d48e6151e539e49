public import KeystoneKit

/// Forbids writes to files of the workspace that lie outside of the given paths.
///
/// What counts is every call that the agent made, so that a file which was written and removed again is seen, and besides
/// the difference between the workspace before the agent and when its end state was sealed. Making or removing a folder
/// alone is no write; temporary folders and the home folder are the agent's own.
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
  static let summary = "Forbids writes to files outside of the given paths: `file_writes_outside: [src/, docs/]`."
  static let sources: [AuditSource] = [.fileChanges, .fileWrites]

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    parameters.paths.enumerated().flatMap { index, path in
      SandboxPath(path).diagnostics(at: "$.paths[\(index)]")
    }
  }

  func violations(_ parameters: Parameters, in context: CheckContext) async throws -> [Violation] {
    let allowed = parameters.paths.map(PathPattern.init)
    let list = parameters.paths.isEmpty ? "no path" : parameters.paths.joined(separator: ", ")
    var seen: Set<SandboxPath> = []
    func isNew(_ path: SandboxPath) -> Bool {
      !allowed.contains { $0.covers(path) } && seen.insert(path).inserted
    }
    var violations: [Violation] = []
    for record in try await context.audit(["file_write", "file_delete"]) {
      guard let write = FileWrite(record), isNew(write.path) else { continue }
      let what = "the agent \(write.verb) \(write.path), which is outside of \(list) (record \(record.sequence))"
      violations.append(Violation(what, record: record.sequence))
    }
    for change in try await context.sandbox.changes() where isNew(change.path) {
      violations.append(Violation("the agent \(change.kind.rawValue) \(change.path), which is outside of \(list)"))
    }
    return violations
  }
}

/// A write to, or the removal of, a file of the workspace, from an audit record.
private struct FileWrite {
  let path: SandboxPath
  let verb: String

  /// `nil` when the record is about a file elsewhere or about a folder that was made or removed.
  init?(_ record: AuditRecord) {
    guard let value = record.data["path"], let path = try? JSONValueDecoder().decode(SandboxPath.self, from: value),
      path.bytes.first != UInt8(ascii: "/")
    else { return nil }
    let operation = record.data["operation"]?.string ?? "write"
    // A folder that is renamed takes its files along.
    if record.data["directory"] == true && operation != "rename" { return nil }
    self.path = path
    verb =
      switch operation {
      case "create": "created"
      case "open": "opened for writing"
      case "unlink", "rmdir": "removed"
      case "rename": record.event == "file_delete" ? "renamed away" : "renamed something to"
      case "link", "symlink": "linked"
      case "mknod": "made"
      default: "changed (\(operation))"
      }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("file_writes_outside", version: "1.0.0", FileWritesOutside.self).export(to: host)
}
