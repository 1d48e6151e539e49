package import KeystoneKit
import KeystonePluginHost
import KeystoneSpec

/// A sandbox that exists: its runtime's calls, what is recorded of it, and what the agent changed.
package final class LiveSandbox: Sendable {
  struct State {
    /// The agent snapshots it asked for, as they were then.
    var snapshots: [SnapshotReference: AgentSnapshot] = [:]
    /// The first of them.
    var snapshot: AgentSnapshot?
    var usage: [Usage] = []
    var sealedChanges: [FileChange]?
    var baseline: [SandboxPath: FileStatus] = [:]
    /// The services that run from images, by name.
    var services: [String: BackingService] = [:]
    /// What the databases among them had counted, by name.
    var databases: [String: DatabaseCounters] = [:]
    /// What is going on, for records of what the agent left running: its own doing until the end state is sealed.
    var phase = "agent"
    /// Variables that commands get since the setup is over.
    var pinned: [String: String] = [:]
    /// What the result says of the clock, and of what could not be done.
    var clock: String?
    var warnings: [String] = []
    var exports: [ExportResult] = []
  }

  let plan: SandboxPlan
  let handle: JSONValue
  /// What the runtime gave it.
  private let given: SandboxEnvironment
  let patterns: SecretPatterns
  package let audit: AuditLog
  let selection: AuditSelection
  let supervision: Supervision?
  let artifacts: ArtifactFolder
  let output: OutputCapture
  let errorOutput: OutputCapture
  let variables: [String: String]
  /// What the first process handed over; `nil` when the runtime does not attach its sandboxes.
  package let attachment: SandboxAttachment?
  /// The sandbox's only way out; `nil` when nothing serves one.
  let gateway: (any SandboxGateway)?
  let state = Locked(State())

  init(
    _ plan: SandboxPlan, reply: CreateReply, attachment: SandboxAttachment?, gateway: (any SandboxGateway)?,
    audit: AuditLog, patterns: SecretPatterns
  ) throws {
    self.plan = plan
    self.attachment = attachment
    // Without the sandbox's own sockets there is nothing that a gateway could serve.
    self.gateway = attachment?.networkFailure == nil && attachment != nil ? gateway : nil
    self.audit = audit
    self.patterns = patterns
    handle = reply.handle
    given = Self.observed(reply.environment, hasGateway: self.gateway != nil)
    artifacts = ArtifactFolder(path: plan.artifacts)
    selection = AuditSelection(plan.spec, registry: plan.registry)
    supervision =
      attachment == nil || selection.needed.isEmpty
      ? nil
      : try Supervision(log: audit, selection: selection, workspace: reply.environment.workspacePath)
    output = OutputCapture(name: "agent_stdout.log", folder: artifacts, patterns: patterns)
    errorOutput = OutputCapture(name: "agent_stderr.log", folder: artifacts, patterns: patterns)
    variables = SandboxVariables.base(plan, environment: reply.environment).merging(
      SandboxVariables.network(plan, protectedPath: reply.environment.protectedPath, self.gateway)
    ) { own, _ in own }
  }

  /// What the runtime has, with what the host itself observes in every runtime.
  private static func observed(_ environment: SandboxEnvironment, hasGateway: Bool) -> SandboxEnvironment {
    var environment = environment
    if environment.network == "gateway", !hasGateway { environment.network = "none" }
    if hasGateway {
      environment.audit[AuditSource.http.rawValue] = "the gateway, which every connection goes through"
      environment.audit[AuditSource.databaseWrites.rawValue] =
        "statements at the gateway, and the database's own counters"
    }
    environment.audit[AuditSource.output.rawValue] = "stdout and stderr of the agent's main process"
    environment.audit[AuditSource.fileChanges.rawValue] = "SHA-256 of the whole workspace before and after the agent"
    return environment
  }

  /// What it really has.
  package var environment: SandboxEnvironment {
    var environment = given
    state.withLock { state in
      if let clock = state.clock { environment.clock = clock }
      environment.warnings += state.warnings
    }
    return environment
  }

  /// What became of `teardown.export`, once the sandbox was destroyed.
  package var exports: [ExportResult] { state.withLock { $0.exports } }

  /// The sandbox's id.
  package var id: String { plan.scenario.sandboxID }

  /// Tokens that plugins recorded for this run.
  package var usage: [Usage] { state.withLock { $0.usage } }

  /// The agent snapshot that runs in it, the first that was asked for; `nil` when there is none.
  package var snapshot: AgentSnapshot? { state.withLock { $0.snapshot } }

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
      plan.runtime, operation, body, budget: budget, services: plan.services())
  }

  func call<Reply: Decodable>(
    _ operation: String, _ call: SandboxCall, as: Reply.Type = Reply.self, budget: Duration? = nil
  ) async throws -> Reply {
    let answer = try await begin(operation, call, budget: budget).result()
    return try JSONValueDecoder().decode(Reply.self, from: JSONValue(parsing: answer))
  }

  /// Runs a command of the host's own, such as one of `setup`, and keeps a little of its output.
  func run(_ command: Command, phase: String, budget: Duration?) async throws -> (CommandStatus, String) {
    let watched = watched(merged(command), phase: phase, actor: "host")
    defer { unwatch(watched) }
    let call = try await begin("exec", SandboxCall(command: watched), budget: budget)
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
    let pinned = state.withLock { $0.pinned }
    command.environment = variables.merging(pinned) { _, new in new }.merging(command.environment) { _, own in own }
    return command
  }

  /// A command of the agent's with what it is watched for, and its tag in the attachment.
  ///
  /// Its phase is the agent's for as long as the end state is not sealed, whatever goes on meanwhile.
  func watched(_ command: Command, phase: String, actor: String) -> Command {
    guard phase == "agent", let attachment, let supervision, selection.watch(tag: 0) != nil else { return command }
    var command = command
    let tag = attachment.watch { [state] listener in
      supervision.supervise(listener) { (state.withLock { $0.phase }, actor) }
    }
    command.watch = selection.watch(tag: tag)
    return command
  }

  /// Forgets what was prepared for a command that has ended or was never started.
  func unwatch(_ command: Command) {
    if let watch = command.watch { attachment?.forget(UInt64(watch.tag)) }
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

  /// Ends everything in the sandbox and removes it, after exporting what `teardown` names.
  ///
  /// - Parameter hasFailed: Whether the agent, or the sandbox before it, failed; only `always_run` exports then.
  package func destroy(hasFailed: Bool = false) async {
    let exports = !hasFailed || plan.spec.teardown.alwaysRun
    if exports { await exportState() }
    plan.progress(SandboxStep("destroyed"))
    await gateway?.close()
    do {
      _ = try await call("destroy", SandboxCall(), as: Empty.self, budget: .seconds(30))
    } catch {
      plan.log("warning", "the sandbox \(id) could not be removed: \(error); it is reaped at the next start", [:])
    }
    await supervision?.end()
    attachment?.end()
    do { try audit.close() } catch { plan.log("warning", "the audit log of \(id) is not complete: \(error)", [:]) }
    if exports { await exportAudit() }
  }

  /// Closes the audit log and leaves the sandbox as it is, for a person who looks at it; answers its folder.
  package func keep() -> String {
    try? audit.close()
    Reaper.spare(id, folder: plan.sandboxesFolder)
    return "\(plan.sandboxesFolder)/\(id)"
  }
}
