import KeystoneStore
import Logging
import ServiceLifecycle

/// Removes history that is older than the operator wants to keep, at the start and every hour.
struct RetentionService: Service {
  let store: SQLiteStore
  let days: Int
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
      let count = try await store.prune(olderThanDays: days)
      if count > 0 { logger.notice("removed old experiments", metadata: ["count": "\(count)"]) }
    } catch {
      logger.warning("cannot remove old history", metadata: ["reason": "\(error)"])
    }
  }
}
