import Glibc

/// Reads what a child writes until it has ended, and ends one that is frozen in the middle of a crash report.
struct OutputWatcher {
  /// How long a crash report may take; the crashed process lives until it is written.
  private static let reportTime: Int64 = 2000

  private let process: ChildProcess
  private var tail = OutputTail()
  private var killTime: Int64?
  private var isOpen = true

  init(_ process: ChildProcess) { self.process = process }

  /// Returns when the process has ended.
  mutating func runUntilEnd() {
    while true {
      var watched = [
        pollfd(fd: process.ending.number, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isOpen ? process.output.number : -1, events: Int16(POLLIN), revents: 0),
      ]
      let count = poll(&watched, 2, killTime.map { Int32(max(0, $0 - Self.now())) } ?? -1)
      if watched[1].revents != 0 { readOnce() }
      if watched[0].revents != 0 { return }
      if tail.hasCrashReport && killTime == nil { killTime = Self.now() + Self.reportTime }
      if count == 0 { killTime = endReport() }
    }
  }

  /// Reads what is left and answers with all that is kept.
  mutating func finish() -> OutputTail {
    // A grandchild that writes for ever must not keep this here: what fits into a pipe is read, and no more.
    for _ in 0..<32 where isOpen {
      if !readOnce() { break }
    }
    return tail
  }

  /// The process is killed for its crash, not for being slow, so that the crash stays the reason.
  private func endReport() -> Int64? {
    process.killAfterCrash()
    return nil
  }

  @discardableResult private mutating func readOnce() -> Bool {
    let capacity = 16 << 10
    let count = withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
      let count = read(process.output.number, buffer.baseAddress, capacity)
      if count > 0 { tail.append(buffer[..<count]) }
      return count
    }
    if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { isOpen = false }
    return count > 0
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
