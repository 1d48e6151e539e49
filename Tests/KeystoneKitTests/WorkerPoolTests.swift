import Glibc
import Testing

@testable import KeystoneKit

/// The threads of a plugin, and the clock of its deadlines.
@Suite struct WorkerPoolTests {
  @Test func blockingClosuresRunUpToTheLimitAndNoFurther() async throws {
    let pool = WorkerPool(limit: 4)
    let (inside, done) = (Locked(0), Locked(0))
    let gate = Semaphore()
    for _ in 0..<10 {
      pool.run {
        inside.withLock { $0 += 1 }
        gate.wait()
        done.withLock { $0 += 1 }
      }
    }
    try await eventually("four are inside") { inside.withLock { $0 } == 4 }
    for _ in 0..<200 { await Task.yield() }
    #expect(inside.withLock { $0 } == 4 && pool.threadCount == 4)
    for _ in 0..<10 { gate.signal() }
    try await eventually("all are done") { done.withLock { $0 } == 10 }
    #expect(pool.threadCount <= 4)
  }

  @Test func threadsEndWhenTheyAreIdleAndComeBack() async throws {
    let pool = WorkerPool(limit: 8, idleTime: .milliseconds(5))
    for _ in 0..<3 {
      let done = Locked(0)
      for _ in 0..<100 { pool.run { done.withLock { $0 += 1 } } }
      try await eventually("all are done") { done.withLock { $0 } == 100 }
      try await eventually("all have ended") { pool.threadCount == 0 }
    }
  }

  @Test func workThatArrivesAsThreadsEndStillGetsItsThreads() throws {
    let pool = WorkerPool(limit: 2, idleTime: .microseconds(200))
    for round in 0..<4000 {
      // The two of a pair wait for each other, so each pair needs two threads at once.
      let (first, second, done) = (Semaphore(), Semaphore(), Semaphore())
      pool.run {
        first.signal()
        second.wait()
        done.signal()
      }
      pool.run {
        second.signal()
        first.wait()
        done.signal()
      }
      for _ in 0..<2 {
        let met = done.wait(untilMonotonic: Self.now() + 10_000_000_000)
        try #require(met, "pair \(round) never meets")
      }
      // Comes back just when the idle threads are about to end, a little sooner or later each time.
      let end = Self.now() + 150_000 + Int64(round % 100) * 1500
      while Self.now() < end {}
    }
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  @Test func tasksRunOnThePoolAndMayBlockIt() async throws {
    let pool = WorkerPool(limit: 6)
    let gate = Semaphore()
    let inside = Locked(0)
    let tasks = (0..<6).map { _ in
      Task(executorPreference: pool) {
        inside.withLock { $0 += 1 }
        gate.wait()
      }
    }
    try await eventually("all block at once") { inside.withLock { $0 } == 6 }
    for _ in tasks { gate.signal() }
    for task in tasks { await task.value }
  }
}

@Suite struct DeadlineClockTests {
  @Test func timersFireAfterTheirTimeAndNeverBefore() async throws {
    let clock = DeadlineClock()
    let early = Locked(0)
    let fired = Locked(0)
    for number in 0..<300 {
      let delay = Duration.milliseconds(number * 37 % 200)
      let due = ContinuousClock.now + delay
      _ = clock.schedule(after: delay) {
        if ContinuousClock.now < due { early.withLock { $0 += 1 } }
        fired.withLock { $0 += 1 }
      }
    }
    try await eventually("all fire") { fired.withLock { $0 } == 300 }
    #expect(early.withLock { $0 } == 0)
  }

  @Test func cancelledTimersNeverFire() async throws {
    let clock = DeadlineClock()
    let (fired, last) = (Locked(0), Locked(false))
    for _ in 0..<500 {
      clock.cancel(clock.schedule(after: .milliseconds(20)) { fired.withLock { $0 += 1 } })
    }
    _ = clock.schedule(after: .milliseconds(60)) { last.withLock { $0 = true } }
    try await eventually("the one that stays fires") { last.withLock { $0 } }
    #expect(fired.withLock { $0 } == 0)
  }

  @Test func anEarlierTimerWakesAClockThatSleepsLonger() async throws {
    let clock = DeadlineClock()
    let fired = Locked(false)
    let long = clock.schedule(after: .seconds(3600)) {}
    _ = clock.schedule(after: .zero) { fired.withLock { $0 = true } }
    try await eventually("it fires") { fired.withLock { $0 } }
    clock.cancel(long)
  }

  @Test func actionsMayScheduleAndCancelFromManyThreads() async throws {
    let clock = DeadlineClock()
    let fired = Locked(0)
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<100 {
            _ = clock.schedule(after: .milliseconds(3)) {
              clock.cancel(clock.schedule(after: .seconds(60)) {})
              _ = clock.schedule(after: .zero) { fired.withLock { $0 += 1 } }
            }
          }
        }
      }
    }
    try await eventually("all fire") { fired.withLock { $0 } == 800 }
  }

  @Test func endlessDurationsAreClamped() {
    #expect(Duration.seconds(Int64.max).wholeNanoseconds > 0)
    #expect(Duration.microseconds(1).wholeMilliseconds == 1)
    #expect(Duration.zero.wholeMilliseconds == 0)
  }
}
