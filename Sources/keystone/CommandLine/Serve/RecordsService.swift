import KeystoneAPI
import ServiceLifecycle

/// What the daemon does about runs that are over: it evaluates alerts, scores and judges; what is not done waits in the store.
struct RecordsService: Service {
  let engine: APIServices.Engine

  func run() async throws {
    let (alerts, scoring, behaviors) = (engine.alerts, engine.scoring, engine.behaviors)
    try await cancelWhenGracefulShutdown {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await alerts.run() }
        group.addTask { try await scoring.run() }
        group.addTask { await behaviors.run() }
        try await group.waitForAll()
      }
    }
  }
}
