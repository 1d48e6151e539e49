package import KeystoneKit
package import KeystonePluginHost
package import KeystoneSandbox
package import KeystoneSpec

/// What everything that one host process runs has in common.
package struct EngineHost: Sendable {
  /// The plugins.
  package var registry: PluginRegistry
  /// The runtime that builds sandboxes.
  package var runtime: InstalledType
  /// The id of this host's instance, whose lock is held.
  package var instance: String
  /// Where sandboxes are built.
  package var sandboxesFolder: String
  /// Where artifacts go, in a folder for each experiment and each sandbox.
  package var runsFolder: String
  /// Makes HTTP requests for plugins.
  package var outbound: any OutboundRequests
  /// Serves the only way out of sandboxes.
  package var gateway: (any GatewayProvider)?
  /// Whether setup and fixtures may reach every public host, whatever the spec's policy for the agent.
  package var hasOpenSetup = true
  /// The agent snapshots of a workspace.
  package var snapshots: @Sendable (_ workspace: String) -> any SnapshotSource
  /// The sandboxes of this process.
  package var directory: SandboxDirectory
  /// The Unix socket that serves the API for sandboxes.
  package var socket: String
  /// Takes log lines.
  package var log: @Sendable (String, String, [String: JSONValue]) -> Void

  /// A host.
  package init(
    registry: PluginRegistry, runtime: InstalledType, instance: String, sandboxesFolder: String, runsFolder: String,
    outbound: any OutboundRequests, snapshots: @escaping @Sendable (_ workspace: String) -> any SnapshotSource,
    directory: SandboxDirectory, socket: String,
    log: @escaping @Sendable (String, String, [String: JSONValue]) -> Void
  ) {
    self.registry = registry
    self.runtime = runtime
    self.instance = instance
    self.sandboxesFolder = sandboxesFolder
    self.runsFolder = runsFolder
    self.outbound = outbound
    self.snapshots = snapshots
    self.directory = directory
    self.socket = socket
    self.log = log
  }

  /// The spec in `text`, checked against the plugins and what the runtime can do.
  ///
  /// - Throws: ``UnusableSpec`` with every problem.
  package func usable(_ text: [UInt8], file: String) async throws -> Spec {
    let (spec, diagnostics) = await SpecReading.check(text, file: file, registry: registry)
    guard let spec else { throw UnusableSpec(diagnostics: diagnostics, needs: []) }
    let needs = UnmetNeeds.of(spec, runtime: runtime.descriptor)
    guard needs.isEmpty else { throw UnusableSpec(diagnostics: [], needs: needs) }
    return spec
  }
}

/// Why a spec cannot be run here.
package struct UnusableSpec: Error {
  /// What is wrong with it.
  package var diagnostics: [SpecDiagnostic]
  /// What it needs that is not here, in full sentences.
  package var needs: [String]

  /// A refusal.
  package init(diagnostics: [SpecDiagnostic], needs: [String]) {
    self.diagnostics = diagnostics
    self.needs = needs
  }
}

/// The host as it is now: a reload of the plugins puts another one in its place, and what runs keeps the one it has.
package final class CurrentHost: Sendable {
  private let host: Locked<EngineHost>

  /// Begins with `host`.
  package init(_ host: EngineHost) { self.host = Locked(host) }

  /// The host for what begins now.
  package var now: EngineHost { host.withLock { $0 } }

  /// Puts another host in its place.
  package func replace(_ next: EngineHost) { host.withLock { $0 = next } }
}
