import KeystoneKit
import KeystonePluginHost
import KeystoneSandbox

/// Times what a sandbox of the runtime `local` takes, and what its audit log can hold.
struct SandboxFigures {
  let installation: Installation
  let count: Int

  /// Creation, the audit log, and the state of a large workspace.
  func run() async throws -> JSONValue {
    let registry = await PluginRegistry.open(installation)
    let figures: JSONValue
    do {
      guard let runtime = registry.type(.runtime, "local") else {
        throw PluginError(.notFound, "there is no runtime local in \(installation.builtinsFolder)")
      }
      figures = [
        "create_to_ready": try await creation(registry, runtime), "audit_log": try await auditLog(),
        "state": try await state(registry, runtime),
      ]
    } catch {
      await registry.shutdown()
      throw error
    }
    await registry.shutdown()
    return figures
  }

  // MARK: Creation

  private func creation(_ registry: PluginRegistry, _ runtime: InstalledType) async throws -> JSONValue {
    var made = 0
    let sample = try await Sample.of(count) {
      made += 1
      try await create("sb-bench-\(made)", registry, runtime)
    }
    for number in 1...made { try await destroy("sb-bench-\(number)", registry, runtime) }
    return sample.json
  }

  /// Attached, with limits, as a run creates it.
  private func create(_ id: String, _ registry: PluginRegistry, _ runtime: InstalledType) async throws {
    let folder = "\(installation.dataFolder)/sandboxes"
    let attachments = try AttachmentListener(folder: folder, id: id)
    let limits = SandboxLimits(cpuMillis: 2000, memory: 2 << 30, processes: 2048)
    let request = SandboxRequest(
      id: id, instance: "i-bench", folder: "\(folder)/\(id)", base: "debian:12", limits: limits,
      attachment: attachments.path)
    _ = try await call(registry, runtime, "create", SandboxCall(type: "local", request: request))
    // It ends with its sandbox.
    _ = try attachments.accept()
  }

  private func destroy(_ id: String, _ registry: PluginRegistry, _ runtime: InstalledType) async throws {
    _ = try await call(registry, runtime, "destroy", SandboxCall(type: "local", sandbox: id))
  }

  private func call(
    _ registry: PluginRegistry, _ runtime: InstalledType, _ operation: String, _ call: SandboxCall
  ) async throws -> [UInt8] {
    try await registry.call(runtime, operation, JSONValueEncoder().encode(call).bytes, budget: .seconds(60))
  }

  // MARK: The audit log

  private func auditLog() async throws -> JSONValue {
    let records = count * 3000
    let log = AuditLog(folder: ArtifactFolder(path: "\(installation.dataFolder)/log"), patterns: SecretPatterns([:]))
    let data = Array(#"{"path":"src/pricing/discount.py","operation":"open","pid":4711}"#.utf8)
    let start = ContinuousClock.now
    for _ in 0..<records { try log.record(phase: "agent", actor: "agent", event: "file_write", json: data) }
    try log.close()
    let wall = start.duration(to: .now)
    return [
      "records": .integer(Int64(records)), "wall_ms": .number((wall / .milliseconds(1)).rounded(toPlaces: 2)),
      "per_second": .number((Double(records) / (wall / .seconds(1))).rounded()),
    ]
  }

  // MARK: The state of a workspace

  private func state(_ registry: PluginRegistry, _ runtime: InstalledType) async throws -> JSONValue {
    let id = "sb-bench-state"
    try await create(id, registry, runtime)
    let files = """
      i=0; while [ $i -lt 100 ]; do mkdir d$i; j=0
      while [ $j -lt 100 ]; do head -c 14680 /dev/urandom >d$i/f$j; j=$((j + 1)); done; i=$((i + 1)); done
      """
    try await shell(files, id, registry, runtime)
    let first = try await hash(id, registry, runtime)
    try await shell("for i in 0 1 2 3 4 5 6 7 8 9; do echo changed >d$i/f$i; done", id, registry, runtime)
    let second = try await hash(id, registry, runtime)
    try await destroy(id, registry, runtime)
    return ["files": 10_000, "megabytes": 140, "first_ms": first, "after_ten_changes_ms": second]
  }

  private func shell(_ line: String, _ id: String, _ registry: PluginRegistry, _ runtime: InstalledType) async throws {
    var command = Command.shell(line)
    command.discardsOutput = true
    _ = try await call(registry, runtime, "exec", SandboxCall(type: "local", sandbox: id, command: command))
  }

  private func hash(_ id: String, _ registry: PluginRegistry, _ runtime: InstalledType) async throws -> JSONValue {
    let start = ContinuousClock.now
    let request = SandboxCall(type: "local", sandbox: id, path: "/workspace")
    let call = try await registry.begin(
      runtime, "hash", JSONValueEncoder().encode(request).bytes, budget: .seconds(60))
    for try await _ in call.input(1) {}
    _ = try await call.result()
    return .number((start.duration(to: .now) / .milliseconds(1)).rounded(toPlaces: 2))
  }
}
