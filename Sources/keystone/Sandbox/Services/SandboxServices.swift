import KeystoneKit
import KeystonePluginHost

/// The host's services for one call of a plugin's type in one sandbox.
struct SandboxServices: HostServiceHandler {
  let sandbox: LiveSandbox
  let type: InstalledType
  /// The phase under which what the plugin does is recorded.
  let phase: String

  func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    switch service {
    case "exec": return try await relayCommand(call, isAgent: false)
    case "agent_exec":
      guard type.descriptor.point == .agent else {
        throw PluginError(.denied, "only an agent type may run the agent's main process")
      }
      return try await relayCommand(call, isAgent: true)
    case "services": return try sendServices()
    case "service_exec": return try await relayServiceCommand(call)
    case "read", "write", "list", "stat", "remove": return try await relayFiles(service, call)
    case "changes": return try await sendChanges(call)
    case "protect": return try await protect(call)
    case "places":
      let places = SandboxPlaces(
        workspace: sandbox.environment.workspacePath, protected: sandbox.environment.protectedPath)
      return try JSONValueEncoder().encode(places).bytes
    case "copy_in": return try await copyIn(call)
    case "snapshot": return try await snapshot(call)
    case "audit": return try await auditRecords(call)
    case "trace": return try await sendTrace(call)
    case "recordings": return try await sendRecordings(call)
    case "task": return TaskDocument(sandbox).json.bytes
    case "usage":
      let usage = try JSONValueDecoder().decode(Usage.self, from: JSONValue(parsing: call.body))
      sandbox.state.withLock { $0.usage.append(usage) }
      return JSONValue.object([:]).bytes
    default:
      // An agent that is a web service is asked in the sandbox's world; what a check asks is no part of it.
      let gateway = type.descriptor.point == .agent ? sandbox.gateway : nil
      return try await sandbox.plan.services(through: gateway).serve(service, call)
    }
  }

  private func auditRecords(_ call: IncomingCall) async throws -> [UInt8] {
    let query = try JSONValueDecoder().decode(RecordQuery.self, from: JSONValue(parsing: call.body))
    let audit = sandbox.audit
    guard query.streams == true else {
      let records = try await onPool { try audit.records(phase: "agent", events: query.events) }
      return try JSONValueEncoder().encode(ListReply(items: records)).bytes
    }
    let output = call.output(1)
    var position: Int? = 0
    while let start = position {
      let (bytes, next) = try await onPool {
        try audit.lines(phase: "agent", events: query.events, from: start, limit: 256 << 10)
      }
      if !bytes.isEmpty { try await output.write(bytes) }
      position = next
    }
    output.end()
    return JSONValue.object([:]).bytes
  }

  private func sendTrace(_ call: IncomingCall) async throws -> [UInt8] {
    guard let trace = sandbox.plan.trace else {
      throw PluginError(.unsupported, "this host keeps no traces; ask for `audit`, or run an experiment")
    }
    let query = try JSONValueDecoder().decode(RecordQuery.self, from: JSONValue(parsing: call.body))
    let output = call.output(1)
    var last: Int64 = 0
    while case let page = try await trace(last), let end = page.last?["id"]?.int {
      for event in page where query.events.isEmpty || query.events.contains(event["event_type"]?.string ?? "") {
        try await output.write(sandbox.patterns.redacted(event).bytes + [UInt8(ascii: "\n")])
      }
      last = end
    }
    output.end()
    return JSONValue.object([:]).bytes
  }

  private func sendChanges(_ call: IncomingCall) async throws -> [UInt8] {
    guard let changes = sandbox.state.withLock({ $0.sealedChanges }) else {
      throw PluginError(.unavailable, "what the agent changed is known only after it has ended")
    }
    let output = call.output(1)
    for start in stride(from: 0, to: changes.count, by: 256) {
      let lines = try changes[start..<min(changes.count, start + 256)].flatMap { try JSONLines.line($0) }
      try await output.write(lines)
    }
    output.end()
    return JSONValue.object([:]).bytes
  }
}
