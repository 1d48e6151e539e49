package import KeystoneKit
package import KeystonePluginHost
package import KeystoneSpec

/// Which of the things that can be observed are observed in a sandbox: what its rules need, and what `audit:` asks for.
package struct AuditSelection: Sendable {
  /// What the rules need, all of it.
  private let rules: Set<AuditSource>
  private let audit: SpecAudit
  private let watched: [String]

  /// What `spec` needs of the plugins in `registry`.
  package init(_ spec: Spec, registry: PluginRegistry) {
    rules = Set(spec.forbidden.flatMap { registry.type(.forbidden, $0.type)?.descriptor.sources ?? [] })
    audit = spec.audit
    watched = spec.audit.watch.map(Self.folder)
  }

  /// What a command and all that it starts are watched for; `nil` when that is nothing.
  func watch(tag: UInt64) -> CommandWatch? {
    let watch = CommandWatch(
      tag: Int(clamping: tag), processes: needs(.processes), writes: needs(.fileWrites), reads: needs(.fileReads))
    return watch.processes || watch.writes || watch.reads ? watch : nil
  }

  /// The sources that must be there before the agent starts.
  package var needed: [AuditSource] { [.processes, .fileWrites, .fileReads].filter(needs) }

  private func needs(_ source: AuditSource) -> Bool {
    if rules.contains(source) { return true }
    switch source {
    case .processes: return audit.processSpawns
    case .fileWrites: return !tracked.isDisjoint(with: [.writes, .deletes])
    case .fileReads: return tracked.contains(.reads)
    default: return false
    }
  }

  /// What is recorded of watched files: what `track` says, else what changes them.
  private var tracked: Set<SpecAudit.FileEvent> {
    audit.track.isEmpty ? (audit.watch.isEmpty ? [] : [.writes, .deletes]) : Set(audit.track)
  }

  /// Whether an event of a file is kept; `path` is relative when it lies in the workspace.
  func keeps(_ event: SpecAudit.FileEvent, _ path: String) -> Bool {
    if rules.contains(event == .reads ? .fileReads : .fileWrites) { return true }
    guard tracked.contains(event) else { return false }
    // Without folders the whole workspace is watched.
    if watched.isEmpty { return !path.hasPrefix("/") }
    return watched.contains { folder in
      folder.isEmpty ? !path.hasPrefix("/") : path == folder || path.hasPrefix("\(folder)/")
    }
  }

  /// A folder as paths of records name it: without its trailing slash, relative in the workspace.
  private static func folder(_ text: String) -> String {
    var path = text
    while path.hasSuffix("/") && path.count > 1 { path.removeLast() }
    for prefix in ["/workspace", "."] where path == prefix || path.hasPrefix("\(prefix)/") {
      path = String(path.dropFirst(prefix.count).drop { $0 == "/" })
    }
    return path
  }
}
