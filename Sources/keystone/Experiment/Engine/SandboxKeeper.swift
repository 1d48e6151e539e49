import KeystoneKit
package import KeystoneSandbox
package import KeystoneSpec

/// Builds sandboxes that somebody asked for by themselves, and ends them when their time is over.
package final class SandboxKeeper: Sendable {
  private struct Kept {
    var end: Task<Void, Never>?
  }

  private let host: CurrentHost
  private let slots: SandboxSlots
  private let kept = Locked([String: Kept]())

  /// A keeper that takes room from `slots`.
  package init(host: CurrentHost, slots: SandboxSlots) {
    self.host = host
    self.slots = slots
  }

  /// What a caller decides about a sandbox.
  package struct Wish: Sendable {
    /// Whose it will be.
    package var owner: String
    /// The workspace it will belong to.
    package var workspace: String
    /// After how long it ends; what the spec says when `nil`.
    package var timeout: Duration?
    /// What the caller writes on it.
    package var metadata: [String: String]
    /// Values of secrets, by name.
    package var secrets: [String: String]

    /// A wish.
    package init(
      owner: String, workspace: String, timeout: Duration? = nil, metadata: [String: String] = [:],
      secrets: [String: String] = [:]
    ) {
      self.owner = owner
      self.workspace = workspace
      self.timeout = timeout
      self.metadata = metadata
      self.secrets = secrets
    }
  }

  /// Builds a sandbox and returns when it is ready.
  ///
  /// - Parameters:
  ///   - spec: What it is like.
  ///   - wish: What the caller decides.
  /// - Returns: The sandbox; `nil` when there is no room for it.
  /// - Throws: ``PluginError`` whose message begins with the step that failed; nothing is left behind.
  package func create(_ spec: Spec, _ wish: Wish) async throws -> HeldSandbox? {
    guard slots.takeIfFree(wish.owner) else { return nil }
    let host = host.now
    let sandbox = HeldSandbox(
      .init(
        id: Identifier.random(prefix: "sb-"), specID: spec.id, owner: wish.owner, workspace: wish.workspace,
        metadata: wish.metadata, createdAt: UTCClock.now(), token: SandboxToken.random()))
    host.directory.enter(sandbox)
    do {
      let time = wish.timeout ?? spec.resources.timeout ?? SpecResources.defaultTimeout
      let deadline = ContinuousClock.now + time
      let live = try await LiveSandbox.boot(try plan(spec, sandbox, wish, host), deadline: deadline)
      sandbox.becomeReady(live)
      let end = Task { [weak self] in
        do { try await Task.sleep(until: deadline) } catch { return }
        sandbox.expire(after: time)
        await self?.destroy(sandbox)
      }
      kept.withLock { $0[sandbox.facts.id] = Kept(end: end) }
      return sandbox
    } catch {
      let failure = PluginError(error)
      sandbox.fail(failure.message, StatusDetail(failure))
      host.directory.leave(sandbox)
      slots.give(wish.owner)
      throw error
    }
  }

  private func plan(_ spec: Spec, _ sandbox: HeldSandbox, _ wish: Wish, _ host: EngineHost) throws -> SandboxPlan {
    let facts = sandbox.facts
    let secrets = try SecretValues.resolve(spec.secrets, forwarded: wish.secrets)
    var scenario = Scenario(
      id: "api", sandboxID: facts.id, specID: spec.id,
      task: AgentTask(prompt: spec.task.prompt, context: spec.task.context),
      seed: spec.determinism.seed.map { Int64(clamping: $0) } ?? 0)
    let templates = TemplateValues(scenario: scenario, secrets: secrets)
    scenario.task.prompt = (try? templates.render(spec.task.prompt)) ?? spec.task.prompt
    var plan = SandboxPlan(
      scenario: scenario, spec: spec, runtime: host.runtime, registry: host.registry, instance: host.instance,
      sandboxesFolder: host.sandboxesFolder, artifacts: "\(host.runsFolder)/\(facts.id)", specFolder: nil,
      secrets: secrets, outbound: host.outbound,
      access: SandboxAccess(token: facts.token, socket: host.socket), snapshots: host.snapshots(facts.workspace),
      progress: { sandbox.observe($0) }, log: host.log)
    plan.gateway = host.gateway
    plan.hasOpenSetup = host.hasOpenSetup
    return plan
  }

  /// Ends a sandbox; one that is gone already, or going, stays as it is.
  package func destroy(_ sandbox: HeldSandbox) async {
    guard let live = sandbox.retire() else { return }
    kept.withLock { $0.removeValue(forKey: sandbox.facts.id) }?.end?.cancel()
    await Task { await live.destroy() }.value
    sandbox.becomeStopped()
    host.now.directory.leave(sandbox)
    slots.give(sandbox.facts.owner)
  }

  /// Ends all of them.
  package func shutdown() async {
    let ids = kept.withLock { Array($0.keys) }
    await withTaskGroup { group in
      for sandbox in ids.compactMap({ host.now.directory.sandbox($0) }) {
        group.addTask { await self.destroy(sandbox) }
      }
    }
  }
}
