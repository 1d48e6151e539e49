import Glibc

/// A value that is reached under a lock of the C library only.
///
/// `Synchronization.Mutex` would do the same, but on Linux the thread sanitizer cannot see it and reports every
/// correct use as a race, so that real ones would drown.
///
/// Unchecked, because the compiler cannot know what the class proves: `value` and `mutex` are touched nowhere but
/// between `pthread_mutex_lock` and `pthread_mutex_unlock`, and what comes in or out is `sending`.
package final class Locked<Value>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  /// Guards `value`.
  package init(_ value: sending Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` with the value while nobody else reaches it.
  package func withLock<Result>(_ body: (inout sending Value) throws -> sending Result) rethrows -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
