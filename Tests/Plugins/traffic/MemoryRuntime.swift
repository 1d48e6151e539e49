import KeystoneKit

/// Sandboxes that are dictionaries, and whose one program is `cat`.
struct MemoryRuntime: Runtime {
  static let type = "memory"
  static let summary = "Sandboxes that are dictionaries."

  func health(in context: RuntimeContext) -> RuntimeHealth { RuntimeHealth(isHealthy: true, reason: "always") }

  func create(_ request: SandboxRequest, in context: RuntimeContext) async throws -> MemorySandbox {
    context.progress("making \(request.id)")
    await Task.yield()
    return MemorySandbox()
  }

  func list(in folder: String, context: RuntimeContext) -> [ExistingSandbox] { [] }

  func reap(_ sandbox: ExistingSandbox, in folder: String, context: RuntimeContext) {}
}

/// The files of one sandbox.
private actor MemoryFiles {
  private var files: [SandboxPath: [UInt8]] = [:]

  var paths: [SandboxPath] { Array(files.keys) }

  func content(_ path: SandboxPath) throws -> [UInt8] {
    guard let bytes = files[path] else { throw PluginError(.notFound, "there is no file \(path)") }
    return bytes
  }

  func set(_ path: SandboxPath, _ bytes: [UInt8]?) { files[path] = bytes }

  func clear() { files = [:] }
}

struct MemorySandbox: RuntimeSandbox {
  let environment = SandboxEnvironment(
    runtime: "memory", isolation: "none", network: "none", base: "ignored", user: "nobody")

  private let files = MemoryFiles()

  func execute(_ command: Command, streams: CommandStreams) async throws -> CommandStatus {
    var count = 0
    if let input = streams.input {
      for try await frame in input {
        count += frame.count
        try await streams.output?.write(frame)
      }
    }
    try await streams.errorOutput?.write(Array("\(count) bytes".utf8))
    return CommandStatus(exitCode: 0)
  }

  func read(_ path: SandboxPath, offset: UInt64, limit: UInt64?, to output: ByteOutput) async throws -> FileStatus {
    try await output.write(try await files.content(path))
    return try await status(of: path)
  }

  func write(_ path: SandboxPath, mode: UInt32, area: FileArea, from input: ByteInput) async throws -> FileStatus {
    await files.set(path, try await input.collect(upTo: 64 << 20))
    return try await status(of: path)
  }

  func list(_ path: SandboxPath, recursive: Bool, each: (FileStatus) async throws -> Void) async throws {
    for path in await files.paths { try await each(try await status(of: path)) }
  }

  func status(of path: SandboxPath) async throws -> FileStatus {
    FileStatus(path: path, kind: .file, size: UInt64(try await files.content(path).count), mode: 0o644)
  }

  func remove(_ path: SandboxPath) async { await files.set(path, nil) }

  func hash(_ path: SandboxPath, each: (FileStatus) async throws -> Void) async throws {
    try await list(path, recursive: true, each: each)
  }

  func killAll() {}

  func destroy() async { await files.clear() }
}
