import Glibc

/// The threads on which a plugin's `async` code runs, so that code that blocks never blocks the host.
///
/// Threads are started when there is work and nobody is idle, up to `limit`, and end after ten idle seconds.
package final class WorkerPool: TaskExecutor, Sendable {
  private struct State {
    var jobs: [Job] = []
    var head = 0
    var threads = 0
    var idle = 0
  }

  private enum Job: Sendable {
    case task(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  private let limit: Int
  private let idleNanoseconds: Int64
  private let state = Locked(State())
  private let wake = Semaphore()

  /// A pool of at most `limit` threads, which end after `idleTime` without work; none is started yet.
  package init(limit: Int, idleTime: Duration = .seconds(10)) {
    self.limit = max(1, limit)
    idleNanoseconds = idleTime.wholeNanoseconds
  }

  /// How many threads there are now.
  package var threadCount: Int { state.withLock { $0.threads } }

  /// Runs a job of the concurrency runtime.
  package func enqueue(_ job: consuming ExecutorJob) { add(.task(UnownedJob(job))) }

  /// Runs a closure, which may block.
  package func run(_ body: @escaping @Sendable () -> Void) { add(.closure(body)) }

  private func add(_ job: Job) {
    let (mustStart, mustWake) = state.withLock { state in
      state.jobs.append(job)
      // An idle thread that was already signalled counts as taken, so that a burst starts enough threads.
      if state.idle > 0 {
        state.idle -= 1
        return (false, true)
      }
      guard state.threads < limit else { return (false, false) }
      state.threads += 1
      return (true, false)
    }
    if mustWake { wake.signal() }
    if mustStart { startThread { self.work() } }
  }

  private func work() {
    while let job = next() {
      switch job {
      case .task(let job): job.runSynchronously(on: asUnownedTaskExecutor())
      case .closure(let body): body()
      }
    }
  }

  private enum Awakening { case looks, ends, awaitsSignal }

  /// The next job, or `nil` when this thread has been idle for too long.
  private func next() -> Job? {
    while true {
      if let job = state.withLock({ Self.take(&$0) }) { return job }
      if wake.wait(untilMonotonic: Self.now() + idleNanoseconds) { continue }
      switch state.withLock({ Self.timeUp(&$0) }) {
      case .looks: break
      case .ends: return nil
      // Left behind, it would wake a thread that nobody meant, which would then be counted as idle twice.
      case .awaitsSignal: wake.wait()
      }
    }
  }

  /// `idle` is always the number of threads that wait, less the signals that are under way to them.
  private static func timeUp(_ state: inout State) -> Awakening {
    guard state.idle > 0 else { return .awaitsSignal }
    state.idle -= 1
    guard state.head == state.jobs.count else { return .looks }
    state.threads -= 1
    return .ends
  }

  private static func now() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  /// Takes a job, or counts the calling thread as idle.
  private static func take(_ state: inout State) -> Job? {
    guard state.head < state.jobs.count else {
      state.idle += 1
      return nil
    }
    let job = state.jobs[state.head]
    state.head += 1
    if state.head == state.jobs.count {
      state.jobs.removeAll(keepingCapacity: true)
      state.head = 0
    } else if state.head > 1024 {
      state.jobs.removeFirst(state.head)
      state.head = 0
    }
    return job
  }
}
