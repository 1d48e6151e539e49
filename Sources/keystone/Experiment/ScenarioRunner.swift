package import KeystoneKit
package import KeystonePluginHost
package import KeystoneSandbox
package import KeystoneSpec

/// What all scenarios of an experiment share.
package struct RunEnvironment: Sendable {
  /// The checked spec.
  package var spec: Spec
  /// The folder of the spec file, when the caller's files may be named.
  package var specFolder: String?
  /// The plugins.
  package var registry: PluginRegistry
  /// The runtime.
  package var runtime: InstalledType
  /// The id of this host's instance.
  package var instance: String
  /// Where sandboxes are built.
  package var sandboxesFolder: String
  /// Where the experiment's artifacts go.
  package var artifactsFolder: String
  /// Secrets that the caller's command line resolved.
  package var forwardedSecrets: [String: String]
  /// Makes HTTP requests for plugins.
  package var outbound: any OutboundRequests
  /// Serves the only way out of sandboxes.
  package var gateway: (any GatewayProvider)?
  /// Whether setup and fixtures may reach every public host, whatever the spec's policy for the agent.
  package var hasOpenSetup = true
  /// Whether sandboxes stay after their verdict.
  package var keepsSandboxes: Bool
  /// Enters the sandboxes where the API finds them; `nil` when there is no API.
  package var registration: SandboxRegistration?
  /// The agent snapshots that the spec may name; `nil` where there are none.
  package var snapshots: (any SnapshotSource)?
  /// Takes log lines.
  package var log: @Sendable (String, String, [String: JSONValue]) -> Void

  /// An environment.
  package init(
    spec: Spec, specFolder: String?, registry: PluginRegistry, runtime: InstalledType, instance: String,
    sandboxesFolder: String, artifactsFolder: String, forwardedSecrets: [String: String],
    outbound: any OutboundRequests, keepsSandboxes: Bool, registration: SandboxRegistration? = nil,
    snapshots: (any SnapshotSource)? = nil,
    log: @escaping @Sendable (String, String, [String: JSONValue]) -> Void
  ) {
    self.spec = spec
    self.specFolder = specFolder
    self.registry = registry
    self.runtime = runtime
    self.instance = instance
    self.sandboxesFolder = sandboxesFolder
    self.artifactsFolder = artifactsFolder
    self.forwardedSecrets = forwardedSecrets
    self.outbound = outbound
    self.keepsSandboxes = keepsSandboxes
    self.registration = registration
    self.snapshots = snapshots
    self.log = log
  }
}

/// Runs one scenario: sandbox, agent, rules, checks, verdict.
struct ScenarioRunner {
  let environment: RunEnvironment
  let scenario: PlannedScenario
  let sandboxID: String
  let trace: @Sendable (_ after: Int64) async throws -> [JSONValue]
  let progress: @Sendable (SandboxStep) -> Void

  private var spec: Spec { environment.spec }

  /// Runs the scenario; only cancellation is thrown, everything else is a result.
  func run() async throws -> ScenarioResult {
    let held = environment.registration?.enter(sandboxID, spec: spec.id, scenario: scenario.id)
    do {
      let result = try await run(held)
      environment.registration?.leave(held, because: result.sandboxID == nil ? result.error : nil, result.statusDetail)
      return result
    } catch {
      environment.registration?.leave(held, because: "the run was cancelled")
      throw error
    }
  }

  private func run(_ held: HeldSandbox?) async throws -> ScenarioResult {
    let start = ContinuousClock.now
    let deadline = start + (spec.resources.timeout ?? SpecResources.defaultTimeout)
    var result = ScenarioResult(
      scenario: scenario, verdict: ScenarioVerdict(invariants: [], rules: [], threshold: 2), wallMilliseconds: 0)
    do {
      let plan = try plan(held)
      let sandbox = try await LiveSandbox.boot(plan, deadline: deadline)
      result.sandboxID = sandboxID
      result.environment = sandbox.environment
      result.plugins = parts()
      result.artifacts = plan.artifacts
      held?.becomeReady(sandbox)
      do {
        try await judge(sandbox, deadline, &result)
      } catch {
        _ = held?.retire()
        await finish(sandbox, &result, hasFailed: true)
        throw sandbox.redacted(error)
      }
      result.usage = sandbox.usage
      _ = held?.retire()
      await finish(sandbox, &result, hasFailed: result.verdict.status == .error || result.agent?.hasFailed == true)
    } catch is CancellationError {
      throw CancellationError()
    } catch let error as PluginError where error.code == .cancelled && Task.isCancelled {
      throw CancellationError()
    } catch {
      let error = PluginError(error)
      result.error = error.message
      result.detail = error.detail
      result.statusDetail = StatusDetail(error)
      result.verdict = .error
    }
    result.wallMilliseconds = Int(start.duration(to: .now).wholeMilliseconds)
    return result
  }

  private func finish(_ sandbox: LiveSandbox, _ result: inout ScenarioResult, hasFailed: Bool) async {
    result.environment = sandbox.environment
    result.snapshot = sandbox.snapshot
    defer {
      result.audit = sandbox.audit.head
      result.exports = sandbox.exports
    }
    if environment.keepsSandboxes && !Task.isCancelled {
      let folder = sandbox.keep()
      return environment.log("notice", "kept the sandbox of \(scenario.id) in \(folder); remove it yourself", [:])
    }
    // Tearing down goes on when the run was cancelled: nothing is left behind.
    await Task { await sandbox.destroy(hasFailed: hasFailed) }.value
  }

  private func plan(_ held: HeldSandbox?) throws -> SandboxPlan {
    let secrets = try SecretValues.resolve(spec.secrets, forwarded: environment.forwardedSecrets)
    var facts = Scenario(
      id: scenario.id, sandboxID: sandboxID, specID: spec.id,
      task: AgentTask(prompt: spec.task.prompt, context: spec.task.context), parameters: scenario.parameters,
      seed: scenario.seed, replica: scenario.replica, allowsLocalFiles: environment.specFolder != nil)
    let templates = TemplateValues(scenario: facts, secrets: secrets)
    facts.task.prompt = try templates.render(spec.task.prompt)
    facts.task.context = try templates.render(.object(spec.task.context)).object ?? [:]
    var plan = SandboxPlan(
      scenario: facts, spec: spec, runtime: environment.runtime, registry: environment.registry,
      instance: environment.instance, sandboxesFolder: environment.sandboxesFolder,
      artifacts: "\(environment.artifactsFolder)/\(scenario.id)", specFolder: environment.specFolder, secrets: secrets,
      outbound: environment.outbound, access: held.flatMap { environment.registration?.access(of: $0) },
      snapshots: environment.snapshots,
      progress: { step in
        held?.observe(step)
        progress(step)
      }, log: environment.log)
    plan.gateway = environment.gateway
    plan.hasOpenSetup = environment.hasOpenSetup
    plan.trace = trace
    return plan
  }

  private func judge(
    _ sandbox: LiveSandbox, _ deadline: ContinuousClock.Instant, _ result: inout ScenarioResult
  ) async throws {
    let unmet = UnmetNeeds.sources(spec, registry: environment.registry, environment: sandbox.environment)
    if let first = unmet.first { throw PluginError(.unsupported, first.sentence) }
    if let agent = spec.agent {
      let start = ContinuousClock.now
      do {
        result.agent = try await sandbox.runAgent(agent, deadline: deadline)
      } catch {
        result.agent = sandbox.interruptedAgent(since: start)
        throw error
      }
    }
    if spec.agent != nil { try await sandbox.settle() }
    if asksForChanges { try await sandbox.seal() } else { sandbox.endAgentPhase() }
    for rule in spec.forbidden {
      result.rules.append(try await look(rule, sandbox, result.agent, deadline))
    }
    for invariant in spec.invariants {
      result.invariants.append(try await check(invariant, sandbox, result.agent, deadline))
    }
    result.verdict = ScenarioVerdict(
      invariants: result.invariants, rules: result.rules, threshold: spec.scoring.passThreshold)
    result.error = Self.firstError(result)
  }

  /// Whether a rule or a check may ask what the agent changed: comparing the workspace has its price.
  private var asksForChanges: Bool {
    !spec.forbidden.isEmpty || spec.audit.dbWrites
      || spec.invariants.contains { invariant in
        environment.registry.type(.invariant, invariant.type)?.descriptor.sources.contains(.fileChanges) == true
      }
  }

  private static func firstError(_ result: ScenarioResult) -> String? {
    if let rule = result.rules.first(where: { !$0.wasEvaluated }) { return "rule \(rule.rule): \(rule.details)" }
    if let check = result.invariants.first(where: { $0.score == nil }) { return "check \(check.name): \(check.reason)" }
    return nil
  }

  private func look(
    _ rule: SpecForbiddenRule, _ sandbox: LiveSandbox, _ agent: AgentOutcome?, _ deadline: ContinuousClock.Instant
  ) async throws -> RuleResult {
    let judge = provenance(.forbidden, rule.type)
    do {
      let violations = try await sandbox.violations(of: rule, agent: agent, deadline: deadline)
      return RuleResult(
        rule: rule.type, isViolated: !violations.isEmpty, details: Self.text(of: violations), wasEvaluated: true,
        judge: judge)
    } catch  where !Task.isCancelled {
      return RuleResult(
        rule: rule.type, isViolated: true, details: sandbox.redacted(PluginError(error).message), wasEvaluated: false,
        judge: judge)
    }
  }

  private static func text(of violations: [Violation]) -> String {
    let shown = violations.prefix(20).map(\.message).joined(separator: "; ")
    return violations.count > 20 ? "\(shown); and \(violations.count - 20) more" : shown
  }

  private func check(
    _ invariant: SpecInvariant, _ sandbox: LiveSandbox, _ agent: AgentOutcome?, _ deadline: ContinuousClock.Instant
  ) async throws -> InvariantResult {
    var found = InvariantResult(
      name: invariant.name, isPassed: false, isGate: invariant.isGate, weight: invariant.weight, score: nil,
      reason: "", judge: provenance(.invariant, invariant.type))
    do {
      let score = try await sandbox.score(of: invariant, agent: agent, deadline: deadline)
      found.score = score.value
      found.isPassed = score.isPassed
      found.reason = score.reason
    } catch  where !Task.isCancelled {
      found.reason = sandbox.redacted(PluginError(error).message)
    }
    return found
  }

  private func parts() -> [PluginPart] {
    let runtime = PluginPart(
      point: .runtime, type: environment.runtime.descriptor.type, plugin: Provenance(environment.runtime))
    let named = spec.fixtures.map { (ExtensionPoint.fixture, $0.type) } + (spec.agent.map { [(.agent, $0.type)] } ?? [])
    return [runtime]
      + named.compactMap { point, type in
        provenance(point, type).map { PluginPart(point: point, type: type, plugin: $0) }
      }
  }

  private func provenance(_ point: ExtensionPoint, _ type: String) -> Provenance? {
    environment.registry.type(point, type).map { Provenance($0) }
  }
}

extension Provenance {
  /// Whose a type is.
  init(_ type: InstalledType) { self.init(plugin: type.plugin, version: type.version, digest: type.digest) }
}

extension AgentOutcome {
  /// Whether its main process did not end well, where it has one.
  fileprivate var hasFailed: Bool { signal != nil || exitCode.map { $0 != 0 } == true }
}

extension ScenarioVerdict {
  /// The verdict of a scenario that could not be run.
  static let error: ScenarioVerdict = {
    var verdict = ScenarioVerdict(invariants: [], rules: [], threshold: 2)
    verdict.status = .error
    return verdict
  }()
}
