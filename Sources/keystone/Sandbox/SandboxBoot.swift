import KeystoneKit
import KeystonePluginHost
import KeystoneSpec

extension LiveSandbox {
  /// Builds a sandbox: runtime, fixtures, setup, the checks' preparations, and the baseline.
  ///
  /// - Parameters:
  ///   - plan: What to build.
  ///   - deadline: When the sandbox's time is over.
  /// - Returns: A sandbox that is ready for its agent.
  /// - Throws: ``PluginError`` whose message begins with the step that failed; nothing is left behind.
  package static func boot(_ plan: SandboxPlan, deadline: ContinuousClock.Instant) async throws -> LiveSandbox {
    let patterns = SecretPatterns(plan.secrets)
    plan.progress(SandboxStep("creating"))
    let sandbox = try await naming("creating the sandbox", patterns) {
      let audit = AuditLog(folder: ArtifactFolder(path: plan.artifacts), patterns: patterns)
      let gateway = try plan.openGateway(recordingIn: audit)
      let attachments = try AttachmentListener(folder: plan.sandboxesFolder, id: plan.scenario.sandboxID)
      let reply = try await create(plan, attachment: attachments.path, gateway, deadline: deadline)
      let attachment = try attachments.accept()
      return try LiveSandbox(
        plan, reply: reply, attachment: attachment, gateway: gateway, audit: audit, patterns: patterns)
    }
    do {
      try await naming("starting services", patterns) { try await sandbox.startServices(deadline) }
      try await naming("opening the network", patterns) { try await sandbox.openNetwork() }
      try await naming("applying fixtures", patterns) { try await sandbox.applyFixtures(deadline) }
      try await naming("preparing the agent", patterns) { try await sandbox.prepareAgent(deadline) }
      try await naming("applying setup", patterns) { try await sandbox.applySetup(deadline) }
      try await naming("pinning what varies", patterns) { try await sandbox.pin() }
      try await naming("preparing checks", patterns) { try await sandbox.prepareChecks(deadline) }
      plan.progress(SandboxStep("snapshot"))
      try await naming("taking the snapshot", patterns) { try await sandbox.takeBaseline() }
      try await naming("counting the databases' rows", patterns) { try await sandbox.takeDatabaseBaseline() }
      // From here on the agent may start.
      await sandbox.enter(phase: "agent", actor: "agent")
      plan.progress(SandboxStep("ready"))
      return sandbox
    } catch {
      await Task { await sandbox.destroy(hasFailed: true) }.value
      throw error
    }
  }

  private static func create(
    _ plan: SandboxPlan, attachment: String, _ gateway: (any SandboxGateway)?, deadline: ContinuousClock.Instant
  ) async throws -> CreateReply {
    let limits = SandboxLimits(
      cpuMillis: plan.spec.resources.cpu ?? SpecResources.defaultCPU,
      memory: plan.spec.resources.memory ?? SpecResources.defaultMemory, disk: plan.spec.resources.disk,
      processes: plan.spec.resources.pids ?? SpecResources.defaultProcesses)
    let request = SandboxRequest(
      id: plan.scenario.sandboxID, instance: plan.instance,
      folder: "\(plan.sandboxesFolder)/\(plan.scenario.sandboxID)",
      base: plan.spec.base, limits: limits, attachment: attachment,
      authorities: gateway?.authority, sharesWorkspace: try sharesWorkspace(plan))
    let body = try JSONValueEncoder().encode(
      SandboxCall(type: plan.runtime.descriptor.type, request: request)
    ).bytes
    let answer = try await plan.registry.call(
      plan.runtime, "create", body, budget: remaining(until: deadline), services: plan.services())
    return try JSONValueDecoder().decode(CreateReply.self, from: JSONValue(parsing: answer))
  }

  /// Whether the agent is an image of its own, which the runtime must then be able to run.
  private static func sharesWorkspace(_ plan: SandboxPlan) throws -> Bool {
    guard let agent = plan.spec.agent,
      plan.registry.type(.agent, agent.type)?.descriptor.capabilities.contains("images") == true
    else { return false }
    guard plan.runtime.descriptor.capabilities.contains("images") else {
      throw PluginError(
        .unsupported,
        "the agent type `\(agent.type)` needs a runtime that runs images, which `\(plan.runtime.descriptor.type)` does not; use a container runtime"
      )
    }
    return true
  }

  /// Runs a step and puts its name before the message of an error, with secrets masked.
  private static func naming<T: Sendable>(
    _ step: String, _ patterns: SecretPatterns, _ body: () async throws -> T
  ) async throws -> T {
    do {
      return try await body()
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      var error = PluginError(error)
      error.message = patterns.redacted("\(step): \(error.message)")
      error.detail = error.detail.map { patterns.redacted($0) }
      throw error
    }
  }

  /// Freezes the clock and fixes the seeds of runtimes for all commands from now on.
  private func pin() async throws {
    let determinism = plan.spec.determinism
    if determinism.seed != nil {
      let seeds = SeedVariables.all(seed: plan.scenario.seed)
      state.withLock { $0.pinned.merge(seeds) { _, new in new } }
    }
    guard let time = determinism.clock else { return }
    let clock = try await FrozenClock.freeze(time, in: self)
    state.withLock { state in
      state.pinned.merge(clock.variables) { _, new in new }
      state.clock = clock.description
      if let warning = clock.warning { state.warnings.append(warning) }
    }
  }

  private func applyFixtures(_ deadline: ContinuousClock.Instant) async throws {
    for (index, fixture) in plan.spec.fixtures.enumerated() {
      plan.progress(SandboxStep("fixtures", fixture.type))
      let request = WorkRequest(
        type: fixture.type, name: "fixtures[\(index)]", parameters: fixture.parameters, scenario: plan.scenario)
      _ = try await work(.fixture, "apply", request, phase: "setup", limit: fixture.timeout, deadline)
    }
  }

  private func prepareAgent(_ deadline: ContinuousClock.Instant) async throws {
    guard let agent = plan.spec.agent, let type = plan.registry.type(.agent, agent.type),
      type.descriptor.capabilities.contains("prepare")
    else { return }
    let request = WorkRequest(
      type: type.descriptor.type, name: "agent", parameters: agent.parameters, scenario: plan.scenario)
    _ = try await work(.agent, "prepare", request, phase: "setup", limit: nil, deadline, using: type)
  }

  private func applySetup(_ deadline: ContinuousClock.Instant) async throws {
    let setup = plan.spec.setup
    let templates = TemplateValues(scenario: plan.scenario, secrets: plan.secrets)
    if !setup.packages.isEmpty || !setup.files.isEmpty || !setup.commands.isEmpty {
      plan.progress(SandboxStep("setup"))
    }
    if !setup.packages.isEmpty {
      _ = try await call(
        "packages", SandboxCall(packages: setup.packages), as: Empty.self, budget: remaining(until: deadline))
    }
    for secret in plan.spec.secrets {
      guard let path = secret.fileTemplate, let value = plan.secrets[secret.name] else { continue }
      try await write(SandboxPath(path), Array(value.utf8), mode: 0o600)
      try audit.record(phase: "setup", actor: "host", event: "file_write", ["path": .string(path)])
    }
    for file in setup.files {
      try await write(
        SandboxPath(file.path), Array(try templates.render(file.content).utf8), mode: file.mode ?? 0o644)
      try audit.record(phase: "setup", actor: "host", event: "file_write", ["path": .string(file.path)])
    }
    for line in setup.commands {
      let command = try templates.render(line)
      let (status, output) = try await run(.shell(command), phase: "setup", budget: remaining(until: deadline))
      guard !status.isSuccess else { continue }
      let end = status.exitCode.map { "exited \($0)" } ?? "was killed by signal \(status.signal ?? 0)"
      throw PluginError(.unavailable, "command '\(line)' \(end)", detail: output)
    }
  }

  private func prepareChecks(_ deadline: ContinuousClock.Instant) async throws {
    for invariant in plan.spec.invariants {
      guard let type = plan.registry.type(.invariant, invariant.type), type.descriptor.capabilities.contains("prepare")
      else { continue }
      let request = WorkRequest(
        type: type.descriptor.type, name: invariant.name, parameters: invariant.parameters,
        scenario: plan.scenario)
      _ = try await work(
        .invariant, "prepare", request, phase: "setup", limit: invariant.timeout, deadline, using: type)
    }
  }
}

/// What is left until `deadline`; nothing when it has passed.
func remaining(until deadline: ContinuousClock.Instant) -> Duration {
  max(.zero, ContinuousClock.now.duration(to: deadline))
}
