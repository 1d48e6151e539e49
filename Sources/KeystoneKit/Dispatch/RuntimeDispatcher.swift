/// Serves a ``Runtime`` and keeps the sandboxes it has built.
final class RuntimeDispatcher<T: Runtime>: TypeDispatcher {
  private let instance = T()
  private let sandboxes = Locked<[String: Creation]>([:])

  /// A sandbox that is being built or is there; building is shared by all who ask for the same id.
  private struct Creation: Sendable {
    var task: Task<T.Sandbox, any Error>
  }

  var descriptor: TypeDescriptor {
    TypeDescriptor(
      point: .runtime, type: T.type, description: T.summary, parameters: ParameterSchema.of(T.Parameters.self),
      capabilities: Self.capabilities)
  }

  /// What the sandboxes of this runtime can beyond the rule.
  private static var capabilities: [String] {
    (T.Sandbox.self is any PackageInstalling.Type ? ["packages"] : [])
      + (T.Sandbox.self is any ServiceHosting.Type ? ["services"] : []) + T.limits.map { "limit:\($0)" }
  }

  func serve(_ operation: String, _ body: JSONValue, call: IncomingCall, host: HostConnection) async throws -> [UInt8] {
    let context = RuntimeContext(host: host)
    switch operation {
    case "validate": return try await validated(instance, body)
    case "health": return try encoded(try await instance.health(in: context))
    default: break
    }
    let request = try decoded(SandboxCall.self, body)
    switch operation {
    case "create":
      guard let wanted = request.request else { throw PluginError(.invalid, "create needs a `request`") }
      return try await create(wanted, context)
    case "existing":
      let folder = request.path?.description ?? ""
      return try encoded(ListReply(items: try await instance.list(in: folder, context: context)))
    case "reap":
      guard let wanted = request.request else { throw PluginError(.invalid, "reap needs a `request`") }
      let existing = ExistingSandbox(id: wanted.id, instance: wanted.instance)
      try await instance.reap(existing, in: wanted.folder, context: context)
      return try encoded(Empty())
    case "destroy": return try await destroy(request.sandbox ?? "")
    default:
      let sandbox = try await find(request.sandbox ?? "")
      return try await SandboxDispatcher(sandbox: sandbox, call: call, host: host).serve(operation, request)
    }
  }

  private func create(_ request: SandboxRequest, _ context: RuntimeContext) async throws -> [UInt8] {
    let creation = sandboxes.withLock { sandboxes in
      if let existing = sandboxes[request.id] { return existing }
      let creation = Creation(task: Task { [instance] in try await instance.create(request, in: context) })
      sandboxes[request.id] = creation
      return creation
    }
    do {
      let sandbox = try await withTaskCancellationHandler {
        try await creation.task.value
      } onCancel: {
        creation.task.cancel()
      }
      return try encoded(CreateReply(handle: .null, environment: sandbox.environment))
    } catch {
      sandboxes.withLock { $0[request.id] = nil }
      throw error
    }
  }

  private func destroy(_ id: String) async throws -> [UInt8] {
    guard let creation = sandboxes.withLock({ $0.removeValue(forKey: id) }) else { return try encoded(Empty()) }
    if let sandbox = try? await creation.task.value { try await sandbox.destroy() }
    return try encoded(Empty())
  }

  private func find(_ id: String) async throws -> T.Sandbox {
    guard let creation = sandboxes.withLock({ $0[id] }) else {
      throw PluginError(.notFound, "there is no sandbox \(id); it was destroyed or never created")
    }
    return try await creation.task.value
  }
}

/// Serves the calls about one sandbox.
package struct SandboxDispatcher<Sandbox: RuntimeSandbox> {
  let sandbox: Sandbox
  let call: IncomingCall
  let host: HostConnection

  /// Serves `call` with `sandbox`; `host` is the way back to whoever made the call, when `nil`.
  package init(sandbox: Sandbox, call: IncomingCall, host: HostConnection? = nil) {
    self.sandbox = sandbox
    self.call = call
    self.host = host ?? HostConnection(session: call.session, parent: call.id, configuration: PluginConfiguration())
  }

  /// Serves one operation, such as `exec` or `read`, and answers the body of the reply.
  package func serve(_ operation: String, _ request: SandboxCall) async throws -> [UInt8] {
    let path = request.path ?? "."
    switch operation {
    case "exec": return try encoded(try await execute(request))
    case "read":
      let output = ByteOutput(call.output(1))
      let status = try await sandbox.read(path, offset: request.offset ?? 0, limit: request.limit, to: output)
      output.end()
      return try encoded(status)
    case "write":
      let status = try await sandbox.write(
        path, mode: request.mode ?? 0o644, area: request.area ?? .sandbox, from: ByteInput(call.input(0)))
      return try encoded(status)
    case "list":
      return try await lines { each in
        try await sandbox.list(path, recursive: request.recursive ?? false, each: each)
      }
    case "hash": return try await lines { each in try await sandbox.hash(path, each: each) }
    case "stat": return try encoded(try await sandbox.status(of: path))
    case "remove":
      try await sandbox.remove(path)
      return try encoded(Empty())
    case "kill_all":
      try await sandbox.killAll()
      return try encoded(Empty())
    case "packages":
      guard let sandbox = sandbox as? any PackageInstalling else { throw ServedPlugin.unsupported(call.method) }
      try await sandbox.installPackages(request.packages ?? [])
      return try encoded(Empty())
    case "service_start", "service_exec", "service_status":
      guard let sandbox = sandbox as? any ServiceHosting else { throw ServedPlugin.unsupported(call.method) }
      return try await serve(operation, request, of: sandbox)
    default: throw ServedPlugin.unsupported(call.method)
    }
  }

  private func serve(_ operation: String, _ request: SandboxCall, of hosting: any ServiceHosting) async throws
    -> [UInt8]
  {
    let name = request.service ?? ""
    switch operation {
    case "service_exec":
      return try encoded(
        try await run(request) { try await hosting.execute($0, inService: name, streams: $1) })
    case "service_status": return try encoded(try await hosting.serviceStatus(name))
    default:
      guard let service = request.serviceRequest else {
        throw PluginError(.invalid, "service_start needs a `service_request`")
      }
      let context = RuntimeContext(host: host)
      return try encoded(try await hosting.startService(service) { context.progress($0) })
    }
  }

  private func execute(_ request: SandboxCall) async throws -> CommandStatus {
    try await run(request) { try await sandbox.execute($0, streams: $1) }
  }

  private func run(
    _ request: SandboxCall, _ body: (Command, CommandStreams) async throws -> CommandStatus
  ) async throws -> CommandStatus {
    guard let command = request.command, !command.arguments.isEmpty else {
      throw PluginError(.invalid, "exec needs a `command` with at least one argument")
    }
    let streams = CommandStreams(
      input: command.hasInput ? ByteInput(call.input(0)) : nil,
      output: command.discardsOutput ? nil : ByteOutput(call.output(1)),
      errorOutput: command.discardsOutput ? nil : ByteOutput(call.output(2)))
    let status = try await body(command, streams)
    streams.output?.end()
    streams.errorOutput?.end()
    return status
  }

  /// Sends what `produce` finds as JSON lines on channel 1, in frames of up to 64 KiB.
  private func lines(
    _ produce: ((FileStatus) async throws -> Void) async throws -> Void
  ) async throws -> [UInt8] {
    let output = call.output(1)
    var buffer: [UInt8] = []
    try await produce { status in
      buffer += try JSONLines.line(status)
      guard buffer.count >= 64 << 10 else { return }
      try await output.write(buffer)
      buffer.removeAll(keepingCapacity: true)
    }
    try await output.write(buffer)
    output.end()
    return try encoded(Empty())
  }
}
