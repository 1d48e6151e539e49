import KeystoneStore
import Logging
import ServiceLifecycle

/// Removes history that is older than the operator wants to keep, at the start and every hour.
struct RetentionService: Service {
  let store: SQLiteStore
  let days: Int
  let dataFolder: String
  let logger: Logger

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      while true {
        await prune()
        try await Task.sleep(for: .seconds(3600))
      }
    }
  }

  private func prune() async {
    do {
      let ids = try await store.prune(olderThanDays: days)
      RunsFolder.remove(ids, in: dataFolder)
      if !ids.isEmpty { logger.notice("removed old experiments", metadata: ["count": "\(ids.count)"]) }
    } catch {
      logger.warning("cannot remove old history", metadata: ["reason": "\(error)"])
    }
  }
}
