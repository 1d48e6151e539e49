import Glibc
import KeystoneKit
import SandboxHelper

/// Looks after the limits of a container: the kernel enforces memory, processors and processes, this watches the disk.
///
/// What the container wrote into its layer is counted by the engine, which has to walk it; once a second is often enough
/// for a limit that is watched.
final class LimitWatch: Sendable {
  private let engine: EngineClient
  private let id: String
  private let limitsMemory: Bool
  private let isOverDisk = Locked(false)
  private let task = Locked<Task<Void, any Error>?>(nil)

  init(_ engine: EngineClient, _ container: RunningContainer, _ limits: SandboxLimits) {
    self.engine = engine
    id = container.id
    limitsMemory = limits.memory != nil
    guard let disk = limits.disk else { return }
    let (isOver, id, connection) = (isOverDisk, container.id, container.connection)
    let watching = Task {
      while true {
        try await Task.sleep(for: .seconds(1))
        let found = try? await engine.call("GET", "/containers/\(id)/json?size=1")
        guard case .integer(let size)? = found?["SizeRw"], UInt64(clamping: size) > disk else { continue }
        isOver.withLock { $0 = true }
        connection.send(.killAll, 0)
      }
    }
    task.withLock { $0 = watching }
  }

  /// The limit that was the reason when something was killed.
  var exceeded: String? {
    get async {
      if isOverDisk.withLock({ $0 }) { return "disk" }
      guard limitsMemory else { return nil }
      return await wasOutOfMemory() ? "memory" : nil
    }
  }

  /// Asks for the engine's events of the container up to a moment from now: it learns of a kill a little after it.
  private func wasOutOfMemory() async -> Bool {
    let filter: JSONValue = ["container": [.string(id)], "event": ["oom"]]
    let seen = Locked(false)
    let query = "since=0&until=\(time(nil) + 1)&filters=\(EngineClient.escaped(filter.text))"
    _ = try? await engine.call("GET", "/events?\(query)", silence: .seconds(2)) { _ in seen.withLock { $0 = true } }
    return seen.withLock { $0 }
  }

  /// Ends the watching.
  func stop() { task.withLock { $0 }?.cancel() }
}

extension CommandStatus {
  /// Whether it ended as programs end that are killed, or whose child was, and not because its time was up.
  var mayBeOverLimit: Bool { !timedOut && (signal == 9 || exitCode == 137) }
}
