import KeystoneKit

/// The one thread on which children are started, which lives as long as this process.
///
/// A child that asked to die with its parent dies with the thread that started it; a thread of a pool would end
/// after a few idle seconds and take its children along.
final class SpawnThread: Sendable {
  static let shared = SpawnThread()

  private struct State {
    var work: [@Sendable () -> Void] = []
    var isRunning = false
  }

  private let state = Locked(State())
  private let wake = Semaphore()

  /// Runs `body` on the thread and answers with what it made.
  func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withHandover { handOver in
      let mustStart = state.withLock { state in
        state.work.append { handOver(Result { try body() }) }
        defer { state.isRunning = true }
        return !state.isRunning
      }
      if mustStart { startThread { self.serve() } }
      wake.signal()
    }
  }

  private func serve() {
    while true {
      wake.wait()
      let work = state.withLock { state in
        defer { state.work = [] }
        return state.work
      }
      for body in work { body() }
    }
  }
}
