import Glibc

/// One thread that runs closures when their time has come, for the budgets of calls.
///
/// A timer costs two dictionary operations and no task. Times are rounded up to 10 ms.
package final class DeadlineClock: Sendable {
  /// Names a closure that waits for its time.
  package struct Timer: Sendable {
    fileprivate var tick: Int64
    fileprivate var id: UInt64
  }

  /// The one clock of this process.
  package static let shared = DeadlineClock()

  private struct State {
    var buckets: [Int64: [UInt64: @Sendable () -> Void]] = [:]
    var nextID: UInt64 = 0
    var wakesAt = Int64.max
    var isRunning = false
  }

  private static let tickNanoseconds: Int64 = 10_000_000
  private let state = Locked(State())
  private let wake = Semaphore()

  @discardableResult package func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> Timer {
    let nanoseconds = max(0, delay.wholeNanoseconds)
    return add(action, at: (Self.now() &+ nanoseconds) / Self.tickNanoseconds + 1)
  }

  /// Runs `action` on the clock's thread as soon as it can.
  func run(_ action: @escaping @Sendable () -> Void) { _ = add(action, at: 0) }

  private func add(_ action: @escaping @Sendable () -> Void, at tick: Int64) -> Timer {
    let (timer, mustStart, mustWake) = state.withLock { state in
      state.nextID += 1
      state.buckets[tick, default: [:]][state.nextID] = action
      let mustStart = !state.isRunning
      state.isRunning = true
      return (Timer(tick: tick, id: state.nextID), mustStart, tick < state.wakesAt)
    }
    if mustStart { startThread { self.run() } } else if mustWake { wake.signal() }
    return timer
  }

  func cancel(_ timer: Timer) {
    state.withLock { state in
      state.buckets[timer.tick]?[timer.id] = nil
      if state.buckets[timer.tick]?.isEmpty == true { state.buckets[timer.tick] = nil }
    }
  }

  private func run() {
    while true {
      let now = Self.now() / Self.tickNanoseconds
      let (due, next) = state.withLock { state in
        let ticks = state.buckets.keys.filter { $0 <= now }
        let due = ticks.flatMap { tick in state.buckets.removeValue(forKey: tick).map { Array($0.values) } ?? [] }
        state.wakesAt = state.buckets.keys.min() ?? Int64.max
        return (due, state.wakesAt)
      }
      for action in due { action() }
      if next == Int64.max { wake.wait() } else { wake.wait(untilMonotonic: next &* Self.tickNanoseconds) }
    }
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension Duration {
  /// The duration in nanoseconds, clamped to ±100 years.
  var wholeNanoseconds: Int64 {
    let limit: Int64 = 3_153_600_000
    let (seconds, attoseconds) = components
    return max(-limit, min(limit, seconds)) * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  /// The duration in whole milliseconds, rounded up, as it crosses the boundary.
  package var wholeMilliseconds: Int64 { (wholeNanoseconds + 999_999) / 1_000_000 }
}
