import KeystoneKit

/// One plugin's way from a descriptor to a reply: loads it when it is first called, starts it again after its
/// process died, and gives no more calls to one that hangs.
final class PluginRunner: Sendable {
  private enum Phase {
    case idle
    case starting(Task<RunningPlugin, any Error>)
    case running(RunningPlugin)
    case shutDown
  }

  private struct State {
    var phase = Phase.idle
    var starts = 0
    var deaths = 0
    var calls = 0
    var backOff = BackOff()
    /// Of processes that are out of use.
    var past = PluginCounters()
  }

  let plugin: LoadedPlugin
  private let launcher: PluginLauncher
  private let state = Locked(State())

  init(_ plugin: LoadedPlugin, installation: Installation, options: PluginOptions) {
    self.plugin = plugin
    launcher = PluginLauncher(plugin: plugin, installation: installation, options: options)
  }

  func begin(
    _ method: String, _ body: [UInt8], budget: Duration?, services: any HostServiceHandler
  ) async throws -> PluginCall {
    let running = try await running()
    let deadline = budget.map { ContinuousClock.now + $0 }
    let call = running.session.begin(method, body, budget: budget, context: CallContext(services))
    return PluginCall(call: call, runner: self, running: running, deadline: deadline)
  }

  // MARK: Start

  private func running() async throws -> RunningPlugin {
    let running = state.withLock { state in
      state.calls += 1
      return Self.current(state)
    }
    if let running {
      if running.isUsable { return running }
      await leave(running)
    }
    return try await startOrJoin().value
  }

  private static func current(_ state: State) -> RunningPlugin? {
    if case .running(let running) = state.phase { return running }
    return nil
  }

  /// The start that is under way, or a new one.
  private func startOrJoin() throws -> Task<RunningPlugin, any Error> {
    try state.withLock { state in
      switch state.phase {
      case .shutDown: throw stopping
      case .starting(let task): return task
      case .running(let running): return Task { running }
      case .idle: break
      }
      let wait = try state.backOff.wait(plugin.label)
      let task = Task { try await self.start(after: wait) }
      state.phase = .starting(task)
      return task
    }
  }

  private func start(after wait: Duration) async throws -> RunningPlugin {
    do {
      if wait > .zero { try await Task.sleep(for: wait) }
      let running = try await launcher.launch { self.died($0) }
      let isWanted = state.withLock { state in
        state.starts += 1
        guard case .starting = state.phase else { return false }
        state.phase = .running(running)
        return true
      }
      if !isWanted { await end(running) }
      return running
    } catch {
      let error = PluginError(error)
      state.withLock { state in
        guard case .starting = state.phase else { return }
        state.phase = .idle
        state.backOff.failed(error)
      }
      throw error
    }
  }

  // MARK: Ends

  /// Takes a plugin that must not be called any more out of use; a process that hangs ends when its calls have.
  private func leave(_ running: RunningPlugin) async {
    if !running.session.isOpen { await running.process?.ended() }
    retire(running, after: running.process?.death)
  }

  private func retire(_ running: RunningPlugin, after death: PluginDeath?) {
    state.withLock { state in
      guard case .running(let current) = state.phase, current === running else { return }
      state.phase = .idle
      state.past.add(running.session.counters)
      guard let death, !death.isExpected else { return }
      if running.started.duration(to: .now) > .seconds(10) { state.backOff = BackOff() }
      state.backOff.failed(death.error)
    }
  }

  private func died(_ death: PluginDeath) {
    guard !death.isExpected else { return }
    let running = state.withLock { state in
      state.deaths += 1
      return Self.current(state)
    }
    // One that hung is out of use already, and one that dies while it starts makes the start fail.
    if let running, running.process?.death != nil { retire(running, after: death) }
  }

  /// Looks after the plugin when a call has ended.
  func ended(_ running: RunningPlugin) {
    if running.poisonIfItHangs() { retire(running, after: nil) }
  }

  /// The error with the plugin's name, where it could be anybody's.
  func named(_ error: PluginError) -> PluginError {
    let isAnybodys = [.deadline, .internal, .exhausted].contains(error.code)
    guard isAnybodys, !error.message.contains(plugin.file) else { return error }
    var named = error
    named.message = "plugin \(plugin.label): \(error.message)"
    return named
  }

  func shutdown() async {
    let running = state.withLock { state in
      defer { state.phase = .shutDown }
      return Self.current(state)
    }
    if let running { await end(running) }
  }

  private func end(_ running: RunningPlugin) async {
    // What is in this process stays; it only gets no more calls from here.
    await running.process?.stop()
  }

  private var stopping: PluginError {
    PluginError(.unavailable, "plugin \(plugin.label) is not called any more: the host is stopping")
  }

  func count(into sum: inout PluginCounters) {
    let session = state.withLock { state in
      sum.starts += state.starts
      sum.deaths += state.deaths
      sum.calls += state.calls
      sum.add(state.past)
      return Self.current(state)?.session
    }
    if let session { sum.add(session.counters) }
  }
}
