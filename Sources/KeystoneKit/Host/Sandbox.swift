/// The sandbox of the scenario, as a plugin works with it.
public struct Sandbox: Sendable {
  let host: HostConnection

  /// Runs `line` with `sh -c` in the workspace and keeps its output.
  public func run(_ line: String, timeout: Duration? = nil) async throws -> CommandOutput {
    try await run(.shell(line, timeout: timeout))
  }

  /// Runs a program and keeps the first, or last, `limit` bytes of each of its outputs.
  ///
  /// - Parameters:
  ///   - command: What to run.
  ///   - input: What it reads on stdin.
  ///   - limit: How many bytes of stdout and of stderr are kept; the rest is thrown away.
  ///   - part: Which part of each is kept.
  /// - Returns: The status and the output.
  /// - Throws: ``PluginError`` when the program cannot be started.
  public func run(
    _ command: Command, input: ByteInput? = nil, keeping limit: Int = 1 << 20, of part: KeptPart = .first
  ) async throws -> CommandOutput {
    try await start(command, input: input).output(keeping: limit, of: part)
  }

  /// The services of the sandbox that run from images.
  public func services() async throws -> [ServiceDescription] {
    let reply: ListReply<ServiceDescription> = try await host.call("services", Empty())
    return reply.items
  }

  /// Runs a program in the service `name`, with the service's own variables; otherwise as
  /// ``run(_:input:keeping:of:)``.
  public func run(
    _ command: Command, inService name: String, input: ByteInput? = nil, keeping limit: Int = 1 << 20,
    of part: KeptPart = .first
  ) async throws -> CommandOutput {
    try await RunningCommand(command, input: input, service: "service_exec", target: name, host: host)
      .output(keeping: limit, of: part)
  }

  /// Starts a program and hands over its streams, which must be read for it to go on.
  public func start(_ command: Command, input: ByteInput? = nil) throws -> RunningCommand {
    try RunningCommand(command, input: input, service: "exec", host: host)
  }

  /// The bytes of a regular file; throws ``PluginError/Code/notFound`` when there is none, and
  /// ``PluginError/Code/exhausted`` when it is larger than `limit` bytes.
  public func read(_ path: SandboxPath, limit: Int = 64 << 20) async throws -> [UInt8] {
    let call = try host.begin("read", SandboxCall(path: path, limit: UInt64(limit) + 1))
    let bytes = try await ByteInput(call.input(1)).collect(upTo: limit)
    _ = try await call.result()
    return bytes
  }

  /// Replaces a file, with its parent folders.
  public func write(
    _ path: SandboxPath, _ bytes: [UInt8], mode: UInt32 = 0o644, area: FileArea = .sandbox
  ) async throws {
    try await write(path, from: ByteInput(bytes), mode: mode, area: area)
  }

  /// Replaces a file by what `input` brings.
  public func write(
    _ path: SandboxPath, from input: ByteInput, mode: UInt32 = 0o644, area: FileArea = .sandbox
  ) async throws {
    let call = try host.begin("write", SandboxCall(path: path, area: area, mode: mode))
    let output = call.output(0)
    do {
      for try await frame in input { try await output.write(frame) }
      output.end()
    } catch {
      call.cancel()
      // The host's answer says more than "the call ended": a full disk, a folder in the way.
      _ = try await call.result()
      throw error
    }
    _ = try await call.result()
  }

  /// What is in a folder, or everything below it.
  public func files(in path: SandboxPath = ".", recursive: Bool = false) async throws -> [FileStatus] {
    try await lines("list", SandboxCall(path: path, recursive: recursive))
  }

  /// What is known of a file, or `nil` when there is none.
  public func status(of path: SandboxPath) async throws -> FileStatus? {
    do {
      return try await host.call("stat", SandboxCall(path: path))
    } catch let error as PluginError where error.code == .notFound {
      return nil
    }
  }

  /// Removes a file or a folder.
  public func remove(_ path: SandboxPath) async throws {
    _ = try await host.call("remove", SandboxCall(path: path), as: Empty.self)
  }

  /// What the agent changed in the workspace, taken when its end state was sealed.
  public func changes() async throws -> [FileChange] { try await lines("changes", Empty()) }

  /// Copies a file or folder that lies beside the spec on the caller's machine into the sandbox.
  ///
  /// Only where the scenario ``Scenario/allowsLocalFiles``.
  public func copyIn(_ source: String, to target: SandboxPath) async throws {
    _ = try await host.call("copy_in", SandboxCall(path: target, from: SandboxPath(source)), as: Empty.self)
  }

  /// Copies a file or folder of the workspace to where only the host writes, and answers its path inside.
  ///
  /// For invariants, in `prepare`: what is copied then is what the agent could not change.
  public func protect(_ source: SandboxPath, as name: String) async throws -> String {
    _ = try await host.call("protect", SandboxCall(path: SandboxPath(name), from: source), as: Empty.self)
    return try await protectedPath(name)
  }

  /// Copies a program to where only the host writes, and answers its path inside.
  ///
  /// It may be run but not read, so that no other process of the same user can trace one that runs it, look into its
  /// memory or write to its output: not even what an agent left running.
  public func protect(program source: SandboxPath, as name: String) async throws -> String {
    let path = try await protectedPath(name)
    if try await status(of: SandboxPath(path)) == nil {
      let call = SandboxCall(path: SandboxPath(name), mode: 0o111, from: source)
      _ = try await host.call("protect", call, as: Empty.self)
    }
    return path
  }

  /// Writes a file where only the host writes, and answers its path inside.
  public func protect(_ bytes: [UInt8], as name: String) async throws -> String {
    try await write(SandboxPath(name), bytes, area: .protected)
    return try await protectedPath(name)
  }

  /// The path inside the sandbox of what was protected as `name`.
  public func protectedPath(_ name: String) async throws -> String {
    let places: SandboxPlaces = try await host.call("places", Empty())
    return "\(places.protected)/\(name)"
  }

  /// The path inside the sandbox of the workspace: `/workspace` wherever the runtime can mount it there.
  public func workspacePath() async throws -> String {
    let places: SandboxPlaces = try await host.call("places", Empty())
    return places.workspace
  }

  /// `path` as a command in the sandbox must be given it, which matters for paths below `/workspace`.
  public func commandPath(_ path: String) async throws -> String {
    guard path == "/workspace" || path.hasPrefix("/workspace/") else { return path }
    return try await workspacePath() + path.dropFirst("/workspace".count)
  }

  /// The requests that the http_mock service of that name recorded, in order, those of checks and setup included.
  ///
  /// Throws ``PluginError/Code/notFound`` when there is no such service, or it records nothing.
  public func recordings(of service: String) async throws -> [RecordedRequest] {
    try await lines("recordings", RecordingsQuery(service: service))
  }

  private func lines<Item: Decodable>(_ service: String, _ request: some Encodable) async throws -> [Item] {
    let call = try host.begin(service, request)
    var items: [Item] = []
    var rest: [UInt8] = []
    for try await frame in call.input(1) {
      rest += frame
      try JSONLines.take(from: &rest, into: &items)
    }
    _ = try await call.result()
    return items
  }
}

/// Where things are inside a sandbox.
package struct SandboxPlaces: Codable, Sendable {
  package var workspace: String
  package var protected: String

  package init(workspace: String, protected: String) {
    self.workspace = workspace
    self.protected = protected
  }
}

/// Reads one JSON document per line.
package enum JSONLines {
  /// Decodes the complete lines of `bytes` and leaves the rest there.
  package static func take<Item: Decodable>(from bytes: inout [UInt8], into items: inout [Item]) throws {
    let newline = UInt8(ascii: "\n")
    var start = 0
    while let end = bytes[start...].firstIndex(of: newline) {
      items.append(try JSONValueDecoder().decode(Item.self, from: JSONValue(parsing: Array(bytes[start..<end]))))
      start = end + 1
    }
    bytes.removeFirst(start)
  }

  /// One line for `item`.
  package static func line(_ item: some Encodable) throws -> [UInt8] {
    try JSONValueEncoder().encode(item).bytes + [UInt8(ascii: "\n")]
  }
}
