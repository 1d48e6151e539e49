package import KeystoneKit
import KeystonePluginHost
import KeystoneSpec

/// An agent snapshot on the host's disk.
package struct AgentSnapshot: Sendable {
  /// What is known of it.
  package var manifest: SnapshotManifest
  /// The folder with its files, whose links stay inside.
  package var folder: String
  /// The secrets and variables it cannot do without.
  package var requiredVariables: [String]
  /// Files that are written from templates, by path.
  package var configuration: [String: String]
  /// Hosts it has to reach, in the syntax of `network.egress.allow`.
  package var hosts: [String]

  /// A snapshot.
  package init(
    manifest: SnapshotManifest, folder: String, requiredVariables: [String] = [], configuration: [String: String] = [:],
    hosts: [String] = []
  ) {
    self.manifest = manifest
    self.folder = folder
    self.requiredVariables = requiredVariables
    self.configuration = configuration
    self.hosts = hosts
  }
}

/// Finds the agent snapshots that a sandbox may use.
package protocol SnapshotSource: Sendable {
  /// The snapshot that is meant; throws ``PluginError`` of code `not_found` when there is none.
  func snapshot(_ reference: SnapshotReference) async throws -> AgentSnapshot
}

extension SandboxServices {
  /// Answers what is known of a snapshot, and puts its files into the sandbox where a path is given.
  func snapshot(_ call: IncomingCall) async throws -> [UInt8] {
    guard type.descriptor.point == .agent else {
      throw PluginError(.denied, "only an agent type may use agent snapshots")
    }
    let request = try JSONValueDecoder().decode(SnapshotCall.self, from: JSONValue(parsing: call.body))
    let snapshot = try await resolve(request.reference)
    if let path = request.path { try await unpack(snapshot, into: path) }
    return try JSONValueEncoder().encode(snapshot.manifest).bytes
  }

  /// The snapshot as it was when this sandbox first asked: another version may be uploaded meanwhile.
  private func resolve(_ reference: SnapshotReference) async throws -> AgentSnapshot {
    if let known = sandbox.state.withLock({ $0.snapshots[reference] }) { return known }
    guard let source = sandbox.plan.snapshots else {
      throw PluginError(
        .unavailable, "this host keeps no agent snapshots; upload them to the daemon of this data folder")
    }
    let found = try await source.snapshot(reference)
    return sandbox.state.withLock { state in
      let first = state.snapshots[reference] ?? found
      state.snapshots[reference] = first
      if state.snapshot == nil { state.snapshot = first }
      return first
    }
  }

  private func unpack(_ snapshot: AgentSnapshot, into path: SandboxPath) async throws {
    let known = sandbox.plan.secrets.merging(sandbox.plan.spec.setup.env) { own, _ in own }
    let missing = snapshot.requiredVariables.filter { known[$0] == nil }
    guard missing.isEmpty else {
      throw PluginError(
        .invalid,
        "the snapshot \(snapshot.manifest.name) needs \(missing.joined(separator: ", ")); declare them in `secrets`")
    }
    try sandbox.open(snapshot.hosts, for: snapshot.manifest.name)
    let folder = snapshot.folder
    let entries = try await onPool { try LocalFiles(folder: folder).entries(folder) }
    try await place(entries, at: path)
    let templates = TemplateValues(scenario: sandbox.plan.scenario, secrets: sandbox.plan.secrets)
    for (name, template) in snapshot.configuration.sorted(by: { $0.key < $1.key }) {
      try await sandbox.write(SandboxPath(name), Array(try templates.render(template).utf8), mode: 0o600)
    }
  }
}
