package import KeystoneKit
package import KeystonePluginHost
package import KeystoneSpec

/// Everything that is needed to build one sandbox for one scenario.
package struct SandboxPlan: Sendable {
  /// The scenario, whose task has its templates filled in.
  package var scenario: Scenario
  /// The checked spec.
  package var spec: Spec
  /// The runtime that builds it.
  package var runtime: InstalledType
  /// The plugins.
  package var registry: PluginRegistry
  /// The id of this host's instance, whose lock is held.
  package var instance: String
  /// The folder below which the runtime may make a folder for each sandbox.
  package var sandboxesFolder: String
  /// The folder for this run's artifacts.
  package var artifacts: String
  /// The folder of the spec file, where the caller's files may be named.
  package var specFolder: String?
  /// The secrets' values, by name.
  package var secrets: [String: String]
  /// Makes HTTP requests for plugins.
  package var outbound: any OutboundRequests
  /// Serves the sandbox's only way out; without it a sandbox reaches nothing but itself.
  package var gateway: (any GatewayProvider)?
  /// Whether setup and fixtures may reach every public host, whatever the spec's policy for the agent.
  package var hasOpenSetup = true
  /// Is told what is being done.
  package var progress: @Sendable (SandboxStep) -> Void
  /// How the sandbox reaches its own part of the API; `nil` when it cannot.
  package var access: SandboxAccess?
  /// Finds agent snapshots; `nil` where there are none.
  package var snapshots: (any SnapshotSource)?
  /// Finds what the agent reported of itself, a page at a time after an event's `id`; `nil` where no traces are kept.
  package var trace: (@Sendable (_ after: Int64) async throws -> [JSONValue])?
  /// Takes log lines of plugins.
  package var log: @Sendable (String, String, [String: JSONValue]) -> Void

  /// A plan.
  package init(
    scenario: Scenario, spec: Spec, runtime: InstalledType, registry: PluginRegistry, instance: String,
    sandboxesFolder: String, artifacts: String, specFolder: String?, secrets: [String: String],
    outbound: any OutboundRequests, access: SandboxAccess? = nil, snapshots: (any SnapshotSource)? = nil,
    progress: @escaping @Sendable (SandboxStep) -> Void,
    log: @escaping @Sendable (String, String, [String: JSONValue]) -> Void
  ) {
    self.scenario = scenario
    self.spec = spec
    self.runtime = runtime
    self.registry = registry
    self.instance = instance
    self.sandboxesFolder = sandboxesFolder
    self.artifacts = artifacts
    self.specFolder = specFolder
    self.secrets = secrets
    self.outbound = outbound
    self.access = access
    self.snapshots = snapshots
    self.progress = progress
    self.log = log
  }
}

/// How a sandbox reaches its own part of the API.
package struct SandboxAccess: Sendable, Hashable {
  /// The URL as it is seen from inside: the name that the gateway relays.
  package static let url = "http://keystone.internal"

  /// The sandbox's own token.
  package var token: String
  /// The Unix socket of the host that serves the API for sandboxes, to which the gateway relays.
  package var socket: String

  /// An access.
  package init(token: String, socket: String) {
    self.token = token
    self.socket = socket
  }
}

/// What a sandbox is doing, for whoever watches.
package struct SandboxStep: Sendable, Hashable {
  /// `creating`, `fixtures`, `setup`, `snapshot`, `ready`, `agent`, `rules`, `check`, `destroyed`.
  package var name: String
  /// What exactly, such as the name of the check.
  package var detail: String

  /// A step.
  package init(_ name: String, _ detail: String = "") {
    self.name = name
    self.detail = detail
  }
}

/// Makes HTTP requests from the host, with the rules for where they may go.
package protocol OutboundRequests: Sendable {
  /// Makes a request for a plugin; with a gateway, through it.
  func send(_ request: HTTPRequest, through gateway: (any SandboxGateway)?) async throws -> HTTPResponse
}
