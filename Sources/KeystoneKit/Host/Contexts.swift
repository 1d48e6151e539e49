/// What an ``Invariant`` and a ``ForbiddenRule`` work with.
public struct CheckContext: HostServices {
  /// The way to the host.
  public let host: HostConnection
  /// The name of the invariant in the spec, or the rule's type.
  public let name: String
  /// The run that is judged.
  public let scenario: Scenario
  /// What the agent did; `nil` in `prepare` and in a spec without agent.
  public let agent: AgentOutcome?

  /// The sandbox.
  public var sandbox: Sandbox { Sandbox(host: host) }

  /// What the host recorded while the agent ran, records of phase `agent` only.
  public func audit(_ events: [String] = []) async throws -> [AuditRecord] {
    let reply: ListReply<AuditRecord> = try await host.call("audit", AuditQuery(events: events))
    return reply.items
  }
}

/// What a ``Fixture`` works with.
public struct FixtureContext: HostServices {
  /// The way to the host.
  public let host: HostConnection
  /// The run that is being prepared.
  public let scenario: Scenario
  /// The services of the sandbox, by name.
  public let services: [String: ServiceAddress]

  /// The sandbox.
  public var sandbox: Sandbox { Sandbox(host: host) }
}

/// What an ``Agent`` works with.
public struct AgentContext: HostServices {
  /// The way to the host.
  public let host: HostConnection
  /// The run.
  public let scenario: Scenario
  /// `agent.model` of the spec, or the matrix value that overrides it.
  public let model: String?
  /// The services of the sandbox, by name.
  public let services: [String: ServiceAddress]

  /// The sandbox.
  public var sandbox: Sandbox { Sandbox(host: host) }

  /// Runs the agent's main process, whose output the host keeps as the agent's output.
  ///
  /// - Parameters:
  ///   - command: What to run.
  ///   - input: What it reads on stdin, which is then closed.
  /// - Returns: How it ended.
  /// - Throws: ``PluginError`` when it cannot be started.
  public func runAgent(_ command: Command, input: [UInt8]? = nil) async throws -> AgentResult {
    var command = command
    command.discardsOutput = true
    let running = try RunningCommand(command, input: input.map { ByteInput($0) }, service: "agent_exec", host: host)
    return AgentResult(status: try await running.status())
  }

  /// What is known of an agent snapshot; the same for the whole life of the sandbox.
  ///
  /// - Throws: ``PluginError/Code/notFound`` when there is none.
  public func snapshot(_ reference: SnapshotReference) async throws -> SnapshotManifest {
    try await host.call("snapshot", SnapshotCall(reference: reference))
  }

  /// Puts the files of an agent snapshot, and the configuration files it declares, into a folder of the sandbox.
  ///
  /// - Throws: ``PluginError/Code/notFound`` when there is none, and what writing throws.
  public func unpack(_ reference: SnapshotReference, into path: SandboxPath) async throws {
    _ = try await host.call("snapshot", SnapshotCall(reference: reference, path: path), as: SnapshotManifest.self)
  }

  /// The task as agents read it: prompt, context, parameters, seed, ids, workspace, base URL, key, services.
  public func taskDocument() async throws -> JSONValue { try await host.call("task", Empty()) }
}

/// What a ``Notifier`` works with.
public struct NotifierContext: HostServices {
  /// The way to the host.
  public let host: HostConnection
}

/// What a ``Runtime`` works with.
public struct RuntimeContext: HostServices {
  /// The way to the host.
  public let host: HostConnection
}

/// Asks for audit records.
package struct AuditQuery: Codable, Sendable {
  package var events: [String]

  package init(events: [String]) { self.events = events }
}
