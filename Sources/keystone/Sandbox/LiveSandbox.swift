package import KeystoneKit
import KeystonePluginHost
import KeystoneSpec

/// A sandbox that exists: its runtime's calls, what is recorded of it, and what the agent changed.
package final class LiveSandbox: Sendable {
  struct State {
    /// The agent snapshots it asked for, as they were then.
    var snapshots: [SnapshotReference: AgentSnapshot] = [:]
    var usage: [Usage] = []
    var sealedChanges: [FileChange]?
    var baseline: [SandboxPath: FileStatus] = [:]
    /// The services that run from images, by name.
    var services: [String: BackingService] = [:]
  }

  let plan: SandboxPlan
  let handle: JSONValue
  /// What it really has.
  package let environment: SandboxEnvironment
  let patterns: SecretPatterns
  let audit: AuditLog
  let artifacts: ArtifactFolder
  let output: OutputCapture
  let errorOutput: OutputCapture
  let variables: [String: String]
  /// What the first process handed over; `nil` when the runtime does not attach its sandboxes.
  package let attachment: SandboxAttachment?
  let state = Locked(State())

  init(_ plan: SandboxPlan, reply: CreateReply, attachment: SandboxAttachment?, patterns: SecretPatterns) {
    self.plan = plan
    self.attachment = attachment
    self.patterns = patterns
    handle = reply.handle
    environment = Self.observed(reply.environment)
    artifacts = ArtifactFolder(path: plan.artifacts)
    audit = AuditLog(folder: artifacts, patterns: patterns)
    output = OutputCapture(name: "agent_stdout.log", folder: artifacts, patterns: patterns)
    errorOutput = OutputCapture(name: "agent_stderr.log", folder: artifacts, patterns: patterns)
    variables = SandboxVariables.base(plan, environment: reply.environment)
  }

  /// What the runtime has, with what the host itself observes in every runtime.
  private static func observed(_ environment: SandboxEnvironment) -> SandboxEnvironment {
    var environment = environment
    // Nobody serves the sandbox's connections yet, so they are refused.
    if environment.network == "gateway" { environment.network = "none" }
    environment.audit[AuditSource.output.rawValue] = "stdout and stderr of the agent's main process"
    environment.audit[AuditSource.fileChanges.rawValue] = "SHA-256 of the whole workspace before and after the agent"
    return environment
  }

  /// The sandbox's id.
  package var id: String { plan.scenario.sandboxID }

  /// Tokens that plugins recorded for this run.
  package var usage: [Usage] { state.withLock { $0.usage } }

  /// Text as it may leave the host: with secrets masked.
  package func redacted(_ text: String) -> String { patterns.redacted(text) }

  /// An error as it may leave the host: what a plugin quotes, such as an answer it was sent, may hold secrets.
  package func redacted(_ error: any Error) -> any Error {
    guard var error = error as? PluginError else { return error }
    error.message = patterns.redacted(error.message)
    error.detail = error.detail.map { patterns.redacted($0) }
    return error
  }

  // MARK: Calls to the runtime

  func begin(_ operation: String, _ call: SandboxCall, budget: Duration? = nil) async throws -> PluginCall {
    var call = call
    call.type = plan.runtime.descriptor.type
    call.sandbox = id
    call.handle = handle
    let body = try JSONValueEncoder().encode(call).bytes
    return try await plan.registry.begin(
      plan.runtime, operation, body, budget: budget, services: plan.services)
  }

  func call<Reply: Decodable>(
    _ operation: String, _ call: SandboxCall, as: Reply.Type = Reply.self, budget: Duration? = nil
  ) async throws -> Reply {
    let answer = try await begin(operation, call, budget: budget).result()
    return try JSONValueDecoder().decode(Reply.self, from: JSONValue(parsing: answer))
  }

  /// Runs a command of the host's own, such as one of `setup`, and keeps a little of its output.
  func run(_ command: Command, phase: String, budget: Duration?) async throws -> (CommandStatus, String) {
    let call = try await begin("exec", SandboxCall(command: merged(command)), budget: budget)
    async let output = Self.beginning(of: call, channel: 1)
    async let errors = Self.beginning(of: call, channel: 2)
    let text = try await (output, errors)
    let status = try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: try await call.result()))
    try record(command, status, phase: phase, actor: "host")
    return (status, redacted(text.0 + text.1))
  }

  private static func beginning(of call: PluginCall, channel: UInt32) async throws -> String {
    var kept: [UInt8] = []
    for try await frame in call.input(channel) where kept.count < 16 << 10 { kept += frame }
    return String(decoding: kept, as: UTF8.self)
  }

  /// A command with the variables every command of this sandbox gets.
  func merged(_ command: Command) -> Command {
    guard !command.isPristine else { return command }
    var command = command
    command.environment = variables.merging(command.environment) { _, own in own }
    return command
  }

  func record(
    _ command: Command, _ status: CommandStatus, phase: String, actor: String, service: String? = nil
  ) throws {
    var data: [String: JSONValue] = [
      "arguments": .array(command.arguments.map { .string($0) }),
      "duration_ms": .integer(Int64(status.durationMilliseconds)),
    ]
    if let code = status.exitCode { data["exit_code"] = .integer(Int64(code)) }
    if let signal = status.signal { data["signal"] = .integer(Int64(signal)) }
    if status.timedOut { data["timed_out"] = true }
    if let service { data["service"] = .string(service) }
    try audit.record(phase: phase, actor: actor, event: "command", data)
  }

  /// Writes a file into the sandbox.
  func write(_ path: SandboxPath, _ bytes: [UInt8], mode: UInt32 = 0o644, area: FileArea = .sandbox) async throws {
    let call = try await begin("write", SandboxCall(path: path, area: area, mode: mode))
    let output = call.output(0)
    do {
      try await output.write(bytes)
      output.end()
    } catch let error as PluginError where error.code == .unavailable {
      // The runtime has answered before everything was sent; its answer says why.
    }
    _ = try await call.result()
  }

  /// Everything below a path of the sandbox, with the SHA-256 of each regular file.
  func hashed(_ path: SandboxPath) async throws -> [FileStatus] {
    let call = try await begin("hash", SandboxCall(path: path))
    var files: [FileStatus] = []
    var rest: [UInt8] = []
    for try await frame in call.input(1) {
      rest += frame
      try JSONLines.take(from: &rest, into: &files)
    }
    _ = try await call.result()
    return files
  }

  /// Ends everything in the sandbox and removes it.
  package func destroy() async {
    plan.progress(SandboxStep("destroyed"))
    attachment?.end()
    try? audit.close()
    do {
      _ = try await call("destroy", SandboxCall(), as: Empty.self, budget: .seconds(30))
    } catch {
      plan.log("warning", "the sandbox \(id) could not be removed: \(error); it is reaped at the next start", [:])
    }
  }

  /// Closes the audit log and leaves the sandbox as it is, for a person who looks at it; answers its folder.
  package func keep() -> String {
    try? audit.close()
    Reaper.spare(id, folder: plan.sandboxesFolder)
    return "\(plan.sandboxesFolder)/\(id)"
  }
}
