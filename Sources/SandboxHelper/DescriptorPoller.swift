import Glibc
import KeystoneKit

/// One thread that waits for all descriptors of this runtime: the sockets of first processes and the ends of processes.
///
/// A descriptor is watched from `watch` to `forget`. Its closure runs on the poller's thread and must not block.
package final class DescriptorPoller: Sendable {
  package static let shared = DescriptorPoller()

  /// What a watched descriptor is ready for.
  package struct Readiness: OptionSet, Sendable {
    package let rawValue: Int
    package static let reading = Readiness(rawValue: 1)
    package static let writing = Readiness(rawValue: 2)

    package init(rawValue: Int) { self.rawValue = rawValue }
  }

  private struct Watched: Sendable {
    var wantsWriting: Bool
    var ready: @Sendable (Readiness) -> Void
  }

  private struct State {
    var watched: [Int32: Watched] = [:]
    var wakeUp: Int32 = -1
    var isRunning = false
  }

  private let state = Locked(State())

  /// Calls `ready` whenever `descriptor` can be read, and when it can be written while that is wanted.
  package func watch(_ descriptor: Int32, _ ready: @escaping @Sendable (Readiness) -> Void) {
    let mustStart = state.withLock { state in
      state.watched[descriptor] = Watched(wantsWriting: false, ready: ready)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    if mustStart { start() } else { wakeUp() }
  }

  /// Also waits, or no longer waits, until `descriptor` can be written.
  func wantsWriting(_ descriptor: Int32, _ wants: Bool) {
    let hasChanged = state.withLock { state in
      guard state.watched[descriptor].map({ $0.wantsWriting != wants }) ?? false else { return false }
      state.watched[descriptor]?.wantsWriting = wants
      return true
    }
    if hasChanged { wakeUp() }
  }

  /// Stops watching; a closure that runs at this moment may still finish.
  ///
  /// A thread that waits in `poll` keeps what it waits for open, so that the other end of a socket would not see it closed
  /// until something else woke the thread.
  package func forget(_ descriptor: Int32) {
    let wasWatched = state.withLock { $0.watched.removeValue(forKey: descriptor) != nil }
    if wasWatched { wakeUp() }
  }

  private func start() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      // Without descriptors nothing can be awaited; the next one who watches tries again.
      state.withLock { $0.isRunning = false }
      return
    }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    let (reading, writing) = (ends[0], ends[1])
    state.withLock { $0.wakeUp = writing }
    startThread { [self] in run(wakeUp: reading) }
  }

  private func wakeUp() {
    let descriptor = state.withLock { $0.wakeUp }
    var byte: UInt8 = 0
    // A full pipe has woken the thread already.
    _ = write(descriptor, &byte, 1)
  }

  private func run(wakeUp: Int32) {
    var bytes = [UInt8](repeating: 0, count: 64)
    while true {
      var list = state.withLock { state in
        state.watched.map { descriptor, watched in
          pollfd(fd: descriptor, events: Int16(POLLIN | (watched.wantsWriting ? POLLOUT : 0)), revents: 0)
        }
      }
      list.append(pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0))
      guard poll(&list, nfds_t(list.count), -1) > 0 else { continue }
      for entry in list where entry.revents != 0 {
        if entry.fd == wakeUp {
          _ = read(wakeUp, &bytes, bytes.count)
        } else {
          deliver(entry)
        }
      }
    }
  }

  private func deliver(_ entry: pollfd) {
    guard let ready = state.withLock({ $0.watched[entry.fd]?.ready }) else { return }
    var readiness: Readiness = []
    if Int32(entry.revents) & (POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0 { readiness.insert(.reading) }
    if Int32(entry.revents) & POLLOUT != 0 { readiness.insert(.writing) }
    ready(readiness)
  }
}
