import KeystoneFolder
package import KeystoneKit

extension TestHost {
  /// Serves one call of a plugin.
  package func serve(_ service: String, _ call: IncomingCall) async throws -> [UInt8] {
    let isPlain = service == "log" || service == "progress" || service == "usage"
    let (isStalled, failure) = state.withLock { state in
      if !isPlain { state.asked.append(service) }
      return (state.isStalled && !isPlain, isPlain ? nil : state.failure)
    }
    if let failure { throw failure }
    // As long as it takes the plugin to give up; a test's own limit is far below.
    if isStalled { try await Task.sleep(for: .seconds(3600)) }
    switch service {
    case "log", "progress", "usage", "audit", "trace", "task", "places", "services": return try answer(service, call)
    case "http": return try await respond(try JSONValue(parsing: call.body))
    case "snapshot": throw PluginError(.notFound, "the host of a test has no agent snapshots")
    case "recordings": return try await sendRecordings(call)
    case "changes": return try await sendChanges(call)
    case "agent_exec": return try await runAgent(call)
    case "protect": return try await protect(call)
    case "copy_in": return try await copyIn(call)
    default:
      let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
      return try await SandboxDispatcher(sandbox: sandbox, call: call).serve(service, request)
    }
  }

  private func answer(_ service: String, _ call: IncomingCall) throws -> [UInt8] {
    let body = try JSONValue(parsing: call.body)
    switch service {
    case "log": state.withLock { $0.logs.append(body["message"]?.string ?? "") }
    case "progress": state.withLock { $0.progress.append(body["message"]?.string ?? "") }
    case "usage":
      let usage = try JSONValueDecoder().decode(Usage.self, from: body)
      state.withLock { $0.usage.append(usage) }
    case "audit": return try Self.wanted(audit, \.event, in: body)
    case "trace": return try Self.wanted(trace, \.event, in: body)
    case "services": return try JSONValueEncoder().encode(ListReply<ServiceDescription>(items: [])).bytes
    case "places":
      let environment = sandbox.environment
      return try JSONValueEncoder().encode(
        SandboxPlaces(workspace: environment.workspacePath, protected: environment.protectedPath)
      ).bytes
    default: return taskDocument.bytes
    }
    return Array("{}".utf8)
  }

  /// The records of the kinds that a query names, or all of them.
  private static func wanted<Record: Codable & Sendable>(
    _ records: [Record], _ kind: KeyPath<Record, String>, in query: JSONValue
  ) throws -> [UInt8] {
    let kinds = (query["events"]?.array ?? []).compactMap(\.string)
    let items = records.filter { kinds.isEmpty || kinds.contains($0[keyPath: kind]) }
    return try JSONValueEncoder().encode(ListReply(items: items)).bytes
  }

  private var taskDocument: JSONValue {
    [
      "prompt": .string(scenario.task.prompt), "context": .object(scenario.task.context), "parameters": [:],
      "seed": .integer(scenario.seed), "sandbox_id": .string(scenario.sandboxID), "scenario_id": .string(scenario.id),
      "workspace": .string(sandbox.environment.workspacePath), "base_url": .null, "api_key": .null, "services": [:],
    ]
  }

  private func respond(_ body: JSONValue) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(HTTPRequest.self, from: body)
    if let send { return try JSONValueEncoder().encode(try await send(request)).bytes }
    let response = state.withLock { state in
      state.requests.append(request)
      return state.responses.count > 1 ? state.responses.removeFirst() : state.responses.first
    }
    guard let response else {
      throw PluginError(.unavailable, "\(request.url) cannot be reached: this test gave no response", retryable: true)
    }
    return try JSONValueEncoder().encode(response).bytes
  }

  private func sendRecordings(_ call: IncomingCall) async throws -> [UInt8] {
    let query = try JSONValueDecoder().decode(RecordingsQuery.self, from: JSONValue(parsing: call.body))
    guard let requests = recordings[query.service] else {
      throw PluginError(.notFound, "there is no http_mock service `\(query.service)` with `record: true`")
    }
    let output = call.output(1)
    for request in requests { try await output.write(try JSONLines.line(request)) }
    output.end()
    return Array("{}".utf8)
  }

  private func sendChanges(_ call: IncomingCall) async throws -> [UInt8] {
    let output = call.output(1)
    let found: [FileChange]
    if let changes { found = changes } else { found = try await differences() }
    for change in found { try await output.write(try JSONLines.line(change)) }
    output.end()
    return Array("{}".utf8)
  }

  private func differences() async throws -> [FileChange] {
    let (before, after) = (state.withLock { $0.baseline }, try await tree())
    let paths = Set(before.keys).union(after.keys).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    return paths.compactMap { path in
      switch (before[path], after[path]) {
      case (nil, .some(let new)): new.kind == .directory ? nil : FileChange(path: path, kind: .added)
      case (.some(let old), nil): old.kind == .directory ? nil : FileChange(path: path, kind: .removed)
      case (let old, let new):
        old?.sha256 == new?.sha256 && old?.kind == new?.kind && old?.target == new?.target
          ? nil : FileChange(path: path, kind: .modified)
      }
    }
  }

  private func runAgent(_ call: IncomingCall) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    guard request.image == nil else { throw PluginError(.unsupported, "the host of a test runs no images") }
    guard let command = request.command, !command.arguments.isEmpty else {
      throw PluginError(.invalid, "agent_exec needs a `command` with at least one argument")
    }
    let keep = ByteOutput { [self] bytes in state.withLock { $0.agentOutput += bytes } }
    let input = command.hasInput ? call.input(0) : nil
    let streams = CommandStreams(
      input: input.map { input in ByteInput { try await input.next() } }, output: keep, errorOutput: ByteOutput { _ in }
    )
    return try JSONValueEncoder().encode(try await sandbox.execute(command, streams: streams)).bytes
  }

  private func protect(_ call: IncomingCall) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    guard let source = request.from, let name = request.path else {
      throw PluginError(.invalid, "protect needs a `from` and a `path`")
    }
    let status = try await sandbox.status(of: source)
    var files = [(source, name, request.mode ?? status.mode)]
    if status.kind == .directory {
      files = []
      let slash = [UInt8(ascii: "/")]
      try await sandbox.list(source, recursive: true) { file in
        guard file.kind == .file else { return }
        files.append(
          (
            SandboxPath(bytes: source.bytes + slash + file.path.bytes),
            SandboxPath(bytes: name.bytes + slash + file.path.bytes), file.mode
          ))
      }
    }
    for (from, to, mode) in files { try await copy(from, to, mode) }
    return Array("{}".utf8)
  }

  private func copy(_ from: SandboxPath, _ to: SandboxPath, _ mode: UInt32) async throws {
    let bytes = Locked<[UInt8]>([])
    _ = try await sandbox.read(from, offset: 0, limit: nil, to: ByteOutput { piece in bytes.withLock { $0 += piece } })
    _ = try await sandbox.write(to, mode: mode, area: .protected, from: ByteInput(bytes.withLock { $0 }))
  }

  private func copyIn(_ call: IncomingCall) async throws -> [UInt8] {
    let request = try JSONValueDecoder().decode(SandboxCall.self, from: JSONValue(parsing: call.body))
    guard let source = request.from?.description, let target = request.path?.description else {
      throw PluginError(.invalid, "copy_in needs a `from` and a `path`")
    }
    let files = besideSpec.filter { $0.key == source || $0.key.hasPrefix(source + "/") || source == "." }
    guard !files.isEmpty else { throw PluginError(.notFound, "\(source) does not exist beside the spec") }
    for (path, text) in files {
      let inner = path == source ? "" : "/" + path.dropFirst(source == "." ? 0 : source.count + 1)
      try await write(text, to: SandboxPath(target + inner))
    }
    return Array("{}".utf8)
  }
}
