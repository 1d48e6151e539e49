import KeystoneKit

/// A sandbox of a runtime that is tested, as the host works with it.
struct SandboxUnderTest: Sendable {
  /// What a command wrote and how it ended.
  struct Ran: Sendable {
    var status: CommandStatus
    var output: [UInt8]
    var errorOutput: [UInt8]
    var text: String { String(decoding: output, as: UTF8.self) }
    var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
  }

  let runtime: RuntimeUnderTest
  let id: String
  let handle: JSONValue
  let environment: SandboxEnvironment

  func begin(_ operation: String, _ call: SandboxCall = SandboxCall(), budget: Duration = .seconds(60)) async throws
    -> OutgoingCall
  {
    var call = call
    call.type = runtime.type.type
    call.sandbox = id
    call.handle = handle
    return try await runtime.begin(operation, call, budget: budget)
  }

  func call(_ operation: String, _ call: SandboxCall = SandboxCall()) async throws {
    _ = try await begin(operation, call).result()
  }

  // MARK: Commands

  func run(_ command: Command, input: ByteInput? = nil) async throws -> Ran {
    var command = command
    command.hasInput = input != nil
    let call = try await begin("exec", SandboxCall(command: command))
    let feeder = input.map { input in
      Task {
        let stdin = call.output(0)
        do { for try await frame in input { try await stdin.write(frame) } } catch {}
        stdin.end()
      }
    }
    defer { feeder?.cancel() }
    async let output = Self.collect(call.input(1))
    async let errors = Self.collect(call.input(2))
    let (kept, keptErrors) = try await (output, errors)
    return Ran(status: try Self.status(try await call.result()), output: kept, errorOutput: keptErrors)
  }

  func shell(_ line: String, timeout: Duration? = nil) async throws -> Ran {
    try await run(.shell(line, timeout: timeout))
  }

  static func status(_ body: [UInt8]) throws -> CommandStatus {
    try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: body))
  }

  static func collect(_ input: ChannelInput) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    do { for try await frame in input { bytes += frame } } catch let error as PluginError {
      // The result of the call says why.
      if error.code == .internal { throw error }
    }
    return bytes
  }

  /// Waits until a command succeeds, at most half a minute.
  func eventually(_ line: String) async throws {
    let limit = ContinuousClock.now + .seconds(30)
    while try await !shell(line).status.isSuccess {
      try expect(ContinuousClock.now < limit, "`\(line)` did not come true")
    }
  }

  // MARK: Files

  func read(_ path: SandboxPath, offset: UInt64? = nil, limit: UInt64? = nil) async throws -> [UInt8] {
    let call = try await begin("read", SandboxCall(path: path, offset: offset, limit: limit))
    let bytes = try await Self.collect(call.input(1))
    _ = try await call.result()
    return bytes
  }

  func text(_ path: SandboxPath) async throws -> String { String(decoding: try await read(path), as: UTF8.self) }

  @discardableResult func write(
    _ path: SandboxPath, _ bytes: [UInt8], mode: UInt32 = 0o644, area: FileArea = .sandbox
  ) async throws -> FileStatus {
    let call = try await begin("write", SandboxCall(path: path, area: area, mode: mode))
    let output = call.output(0)
    do {
      try await output.write(bytes)
      output.end()
    } catch let error as PluginError where error.code == .unavailable {
      // The answer says why nobody reads.
    }
    return try JSONValueDecoder().decode(FileStatus.self, from: JSONValue(parsing: try await call.result()))
  }

  @discardableResult func write(_ path: SandboxPath, _ text: String) async throws -> FileStatus {
    try await write(path, Array(text.utf8))
  }

  func status(_ path: SandboxPath) async throws -> FileStatus {
    let body = try await begin("stat", SandboxCall(path: path)).result()
    return try JSONValueDecoder().decode(FileStatus.self, from: JSONValue(parsing: body))
  }

  func list(_ path: SandboxPath, recursive: Bool = false) async throws -> [FileStatus] {
    try await entries("list", SandboxCall(path: path, recursive: recursive))
  }

  func hash(_ path: SandboxPath = ".") async throws -> [SandboxPath: FileStatus] {
    let entries = try await entries("hash", SandboxCall(path: path))
    return Dictionary(entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func entries(_ operation: String, _ request: SandboxCall) async throws -> [FileStatus] {
    let call = try await begin(operation, request)
    var (items, rest): ([FileStatus], [UInt8]) = ([], [])
    rest = try await Self.collect(call.input(1))
    _ = try await call.result()
    try JSONLines.take(from: &rest, into: &items)
    return items
  }

  /// The code a call fails with.
  static func code(_ what: String, _ body: () async throws -> Void) async throws -> PluginError.Code {
    do {
      try await body()
    } catch let error as PluginError {
      try expect(error.code != .deadline, "\(what) was never answered")
      return error.code
    }
    throw Mismatch("\(what) did not fail")
  }
}

/// A runtime that is tested, and the folder of the host below which its sandboxes lie.
struct RuntimeUnderTest: Sendable {
  let plugin: PluginUnderTest
  let type: TypeDescriptor
  let folder: TemporaryFolder
  let host: TestHost

  func begin(_ operation: String, _ request: some Encodable, budget: Duration = .seconds(60)) async throws
    -> OutgoingCall
  {
    let body = try JSONValueEncoder().encode(request).bytes
    return try await plugin.session().begin("keystone.runtime/1.\(operation)", body, budget: budget, context: host)
  }

  func create(_ id: String, environment: [String: String] = [:]) async throws -> SandboxUnderTest {
    let request = SandboxRequest(
      id: id, instance: "instance-\(id)", folder: "\(folder.path)/\(id)", base: "", environment: environment)
    let body = try await begin("create", SandboxCall(type: type.type, request: request)).result()
    let reply = try JSONValueDecoder().decode(CreateReply.self, from: JSONValue(parsing: body))
    return SandboxUnderTest(runtime: self, id: id, handle: reply.handle, environment: reply.environment)
  }

  func existing() async throws -> [ExistingSandbox] {
    let body = try await begin("existing", SandboxCall(type: type.type, path: SandboxPath(folder.path))).result()
    return try JSONValueDecoder().decode(ListReply<ExistingSandbox>.self, from: JSONValue(parsing: body)).items
  }

  func reap(_ sandbox: ExistingSandbox) async throws {
    let request = SandboxRequest(id: sandbox.id, instance: sandbox.instance, folder: folder.path, base: "")
    _ = try await begin("reap", SandboxCall(type: type.type, request: request)).result()
  }

  static func newID() -> String { "sb-conform-\(UInt32.random(in: 0 ... .max))" }

  /// A sentence about a fresh sandbox, which is destroyed afterwards.
  func sandbox(
    _ name: String, environment: [String: String] = [:],
    _ body: @escaping @Sendable (SandboxUnderTest) async throws -> Void
  ) -> ConformanceCase {
    .holds(name) {
      let sandbox = try await create(Self.newID(), environment: environment)
      do {
        try await body(sandbox)
      } catch {
        try? await sandbox.call("destroy")
        throw error
      }
      try await sandbox.call("destroy")
    }
  }
}
