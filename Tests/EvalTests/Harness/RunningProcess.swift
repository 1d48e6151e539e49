import Glibc
import KeystoneKit
import Synchronization

/// A process in a process group of its own.
///
/// Its output goes to files, so that nothing it leaves behind can hold a reader up. A thread of its own waits for
/// it: the two threads of the tests' pool must never block.
final class RunningProcess: Sendable {
  private struct State {
    var isReaped = false
    var timedOut = false
    var peakMemory = 0
    var outcome: Outcome?
    var waiting: [CheckedContinuation<Outcome, Never>] = []
  }

  let pid: pid_t
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  /// Starts a command.
  init(
    _ arguments: [String], environment: [String: String], stdin: String, onEnd: @escaping @Sendable () -> Void
  ) throws {
    let (input, output, errors) = (try NamelessFile(stdin), try NamelessFile(), try NamelessFile())
    pid = try Self.spawn(arguments, environment, [input, output, errors])
    startThread { [self] in
      var information = siginfo_t()
      while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
      // Until here the process id cannot be another's, so a signal that is sent under the lock meets the right one.
      let status = state.withLock { state in
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        state.isReaped = true
        return status
      }
      end(status, stdout: output.text, stderr: errors.text)
      onEnd()
    }
    startThread { [self] in watchMemory() }
  }

  /// Reads the most memory that the process had until now: what `wait4` says includes the tests' own process.
  private func watchMemory() {
    while isRunning {
      let lines = String(decoding: FileBytes.read("/proc/\(pid)/status") ?? [], as: UTF8.self).split(separator: "\n")
      let words = lines.first { $0.hasPrefix("VmHWM:") }?.split { $0 == " " || $0 == "\t" } ?? []
      if words.count > 1, let size = Int(words[1]) {
        state.withLock { $0.peakMemory = max($0.peakMemory, size << 10) }
      }
      usleep(20_000)
    }
  }

  private func end(_ status: Int32, stdout: String, stderr: String) {
    let number = status & 0x7F
    let waiting = state.withLock { state in
      let outcome = Outcome(
        exitCode: number == 0 ? (status >> 8) & 0xFF : nil, signal: number == 0 ? nil : number, stdout: stdout,
        stderr: stderr, duration: start.duration(to: .now), peakMemory: state.peakMemory, timedOut: state.timedOut)
      state.outcome = outcome
      defer { state.waiting = [] }
      return state.waiting.map { ($0, outcome) }
    }
    for (continuation, outcome) in waiting { continuation.resume(returning: outcome) }
  }

  /// Sends a signal to the process, or to its whole group as a terminal does.
  func send(_ number: Int32, toGroup: Bool = false) {
    state.withLock { state in
      if !state.isReaped { kill(toGroup ? -pid : pid, number) }
    }
  }

  /// Whether it has not ended yet.
  var isRunning: Bool { state.withLock { !$0.isReaped } }

  /// Waits for its end; when `timeout` is over or the test is cancelled, its group is killed.
  func outcome(within timeout: Duration = .seconds(60)) async -> Outcome {
    let killer = Task {
      try await Task.sleep(for: timeout)
      state.withLock { $0.timedOut = true }
      send(SIGKILL, toGroup: true)
    }
    defer { killer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let outcome = state.withLock { state in
          if state.outcome == nil { state.waiting.append(continuation) }
          return state.outcome
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      send(SIGKILL, toGroup: true)
    }
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], _ files: [NamelessFile]
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (number, file) in files.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, file.descriptor, Int32(number))
    }
    var defaults = sigset_t()
    sigfillset(&defaults)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var words = arguments.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var pid: pid_t = 0
    let status = posix_spawnp(&pid, arguments[0], &actions, &attributes, &words, &variables)
    guard status == 0 else {
      throw HarnessFailure("\(arguments[0]) cannot be started: \(String(cString: strerror(status)))")
    }
    return pid
  }
}

/// A file without a name, closed with this value.
private final class NamelessFile: Sendable {
  let descriptor: Int32

  init(_ text: String = "") throws {
    let name = "/tmp/keystone-eval-output-\(UInt64.random(in: 0...UInt64.max))"
    descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw HarnessFailure("no temporary file can be made in /tmp") }
    unlink(name)
    let bytes = Array(text.utf8)
    guard bytes.isEmpty || (write(descriptor, bytes, bytes.count) == bytes.count && lseek(descriptor, 0, SEEK_SET) == 0)
    else { throw HarnessFailure("a temporary file in /tmp cannot be written") }
  }

  deinit { close(descriptor) }

  var text: String { String(decoding: FileBytes.read(descriptor, from: 0), as: UTF8.self) }
}

/// Why the harness could not do its part.
struct HarnessFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
