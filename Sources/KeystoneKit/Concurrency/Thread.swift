import Glibc

/// Starts a detached thread that runs `body` once.
package func startThread(_ body: @escaping @Sendable () -> Void) {
  let box = Unmanaged.passRetained(ThreadBody(body))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  // Swift's own default for the main thread; a regular expression or a deep JSON document needs it.
  pthread_attr_setstacksize(&attributes, 4 << 20)
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      guard let argument else { return nil }
      Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }, box.toOpaque())
  pthread_attr_destroy(&attributes)
  // Without threads nothing can be called any more; this process is at its limit and says so.
  precondition(status == 0, "pthread_create failed with \(status): raise the limit on threads (ulimit -u)")
}

private final class ThreadBody: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// A counting semaphore whose timed wait follows the monotonic clock, for threads that sleep until there is work.
package final class Semaphore: Sendable {
  private struct Parts {
    var mutex = pthread_mutex_t()
    var condition = pthread_cond_t()
    var count = 0
  }

  /// Allocated once, freed in `deinit`; `count` is only touched under `mutex`.
  private nonisolated(unsafe) let parts: UnsafeMutablePointer<Parts>

  /// A semaphore whose count is zero.
  package init() {
    parts = .allocate(capacity: 1)
    parts.initialize(to: Parts())
    pthread_mutex_init(&parts.pointee.mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(&parts.pointee.condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(&parts.pointee.condition)
    pthread_mutex_destroy(&parts.pointee.mutex)
    parts.deallocate()
  }

  /// Lets one waiter pass.
  package func signal() {
    pthread_mutex_lock(&parts.pointee.mutex)
    parts.pointee.count += 1
    pthread_mutex_unlock(&parts.pointee.mutex)
    // After the lock was given back, or the waiter would wake up only to wait for it.
    pthread_cond_signal(&parts.pointee.condition)
  }

  /// Waits for a signal.
  package func wait() {
    pthread_mutex_lock(&parts.pointee.mutex)
    while parts.pointee.count == 0 { pthread_cond_wait(&parts.pointee.condition, &parts.pointee.mutex) }
    parts.pointee.count -= 1
    pthread_mutex_unlock(&parts.pointee.mutex)
  }

  /// Waits for a signal until `nanoseconds` of the monotonic clock; false when the time came first.
  @discardableResult package func wait(untilMonotonic nanoseconds: Int64) -> Bool {
    var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    pthread_mutex_lock(&parts.pointee.mutex)
    defer { pthread_mutex_unlock(&parts.pointee.mutex) }
    while parts.pointee.count == 0 {
      let status = pthread_cond_timedwait(&parts.pointee.condition, &parts.pointee.mutex, &time)
      if status == ETIMEDOUT && parts.pointee.count == 0 { return false }
    }
    parts.pointee.count -= 1
    return true
  }
}
