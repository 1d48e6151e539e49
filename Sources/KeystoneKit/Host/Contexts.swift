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
    try await records("audit", events)
  }

  /// What the agent reported of itself while it ran, in the order in which it came: model calls, tool calls, costs.
  ///
  /// - Parameter events: The kinds that are wanted, such as `tool_call`; all of them when empty.
  /// - Returns: The events, secrets masked.
  /// - Throws: ``PluginError/Code/unsupported`` from a host that keeps no traces.
  public func trace(_ events: [String] = []) async throws -> [TraceRecord] { try await records("trace", events) }

  private func records<Record: Codable & Sendable>(_ service: String, _ events: [String]) async throws -> [Record] {
    let call = try host.begin(service, RecordQuery(events: events, streams: true))
    var (records, rest): ([Record], [UInt8]) = ([], [])
    for try await frame in call.input(1) {
      rest += frame
      try JSONLines.take(from: &rest, into: &records)
    }
    // A host that does not know `streams` answers all of them at once.
    let reply = try JSONValue(parsing: try await call.result())
    guard reply["items"] != nil else { return records }
    return records + (try JSONValueDecoder().decode(ListReply<Record>.self, from: reply)).items
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

  /// Runs an image as the agent's main process, beside the sandbox and in its workspace.
  ///
  /// - Parameters:
  ///   - command: What to run; without arguments what the image was made for.
  ///   - image: The image reference.
  ///   - input: What it reads on stdin, which is then closed.
  /// - Returns: How it ended.
  /// - Throws: ``PluginError`` when it cannot be started.
  public func runAgent(_ command: Command, image: String, input: [UInt8]? = nil) async throws -> AgentResult {
    var command = command
    command.discardsOutput = true
    let running = try RunningCommand(
      command, input: input.map { ByteInput($0) }, service: "agent_exec", image: image, host: host)
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

/// Asks for records of the audit log or of the trace.
package struct RecordQuery: Codable, Sendable {
  package var events: [String]
  /// Whether the records come on channel 1, one a line, instead of in the reply.
  package var streams: Bool?

  package init(events: [String], streams: Bool? = nil) {
    self.events = events
    self.streams = streams
  }
}
