import KeystoneExperiment
import Logging
import ServiceLifecycle
import UnixSignals

/// Takes what was installed meanwhile whenever SIGHUP comes.
struct PluginReloadService: Service {
  let generations: PluginGenerations
  let logger: Logger

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      switch await generations.reload() {
      case .taken(let generation, let added, let removed):
        logger.notice(
          "took a new generation of plugins",
          metadata: [
            "generation": "\(generation)", "added": "\(added.joined(separator: ", "))",
            "removed": "\(removed.joined(separator: ", "))",
          ])
      case .refused(let reasons):
        logger.error(
          "the plugins in use stay, because the new ones cannot be used",
          metadata: ["reason": "\(reasons.joined(separator: "; "))"])
      }
    }
  }
}
