import KeystoneAPI
import KeystoneExperiment
import KeystonePluginHost
import KeystoneSandbox
import Logging
import ServiceLifecycle

/// Goes on with unfinished experiments at the start, and ends all sandboxes at the end.
struct EngineService: Service {
  let engine: APIServices.Engine
  let logger: Logger

  func run() async throws {
    try await engine.experiments.resume()
    try? await gracefulShutdown()
    logger.notice("ending: unfinished scenarios are run again at the next start")
    await engine.experiments.shutdown()
    await engine.keeper.shutdown()
  }
}

/// What `/metrics` shows of sandboxes and plugins.
enum DaemonGauges {
  static func read(
    directory: SandboxDirectory, slots: SandboxSlots, registry: PluginRegistry
  ) -> [APIMetrics.Gauge] {
    let counters = registry.counters
    return [
      .init("keystone_sandboxes", "Sandboxes that are there.", Double(directory.present().count)),
      .init("keystone_sandbox_slots_taken", "Sandbox slots that are taken.", Double(slots.taken)),
      .init("keystone_sandbox_slots", "Sandbox slots there are.", Double(slots.total)),
      .init("keystone_scenarios_waiting", "Scenarios that wait for a slot.", Double(slots.waiting)),
      .init("keystone_plugin_refusals", "Plugins and types that were refused.", Double(counters.refusals)),
      .init("keystone_plugin_starts", "Times a plugin was started.", Double(counters.starts)),
      .init("keystone_plugin_deaths", "Plugin processes that ended by themselves.", Double(counters.deaths)),
      .init("keystone_plugin_calls", "Calls to plugins.", Double(counters.calls)),
    ]
  }
}
