import CChild
import Glibc
import KeystoneKit

/// What to run as a child.
struct ChildCommand: Sendable {
  var arguments: [String]
  var environment: [String: String]
  var directory: String
}

/// A process of its own group, with a socket as descriptor 3 and its output kept.
final class ChildProcess: Sendable {
  /// How a process ended.
  enum End: Sendable, Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  let pid: pid_t
  /// Becomes readable when the process has ended, whoever else still holds its descriptors.
  let ending: Descriptor
  /// The reading end of its stdout and stderr; never blocks.
  let output: Descriptor

  private struct State {
    var isReaped = false
    var killReason: String?
  }

  private let state = Locked(State())

  private init(pid: pid_t, ending: Descriptor, output: Descriptor) {
    self.pid = pid
    self.ending = ending
    self.output = output
  }

  /// Starts `command` with `socket` as its descriptor 3.
  ///
  /// Call it on ``SpawnThread``: the child dies with the thread that started it.
  static func spawn(_ command: ChildCommand, socket: Descriptor) throws -> ChildProcess {
    let (reading, writing) = try Descriptor.pipe()
    guard fcntl(reading.number, F_SETFL, O_NONBLOCK) == 0 else { throw SystemError("set up a pipe") }
    var pid = pid_t()
    var ending: Int32 = -1
    let environment = command.environment.map { "\($0.key)=\($0.value)" }.sorted()
    let status = withCStrings(command.arguments) { arguments in
      withCStrings(environment) { environment in
        ks_child_spawn(arguments, environment, command.directory, socket.number, writing.number, &pid, &ending)
      }
    }
    guard status == 0 else { throw SystemError("start \(command.arguments[0])", code: status) }
    return ChildProcess(pid: pid, ending: Descriptor(ending), output: reading)
  }

  /// Why this process was killed from here; the first reason given.
  var killReason: String? { state.withLock { $0.killReason } }

  /// Kills the process and its group; `reason` is the rest of a sentence that begins "it was killed:".
  func kill(because reason: String) {
    state.withLock { state in
      if state.killReason == nil { state.killReason = reason }
      // A number that was reaped may belong to somebody else by now.
      if !state.isReaped { Glibc.kill(-pid, SIGKILL) }
    }
  }

  /// Ends a process that has crashed already and only waits for its crash report.
  func killAfterCrash() { state.withLock { if !$0.isReaped { _ = Glibc.kill(-pid, SIGKILL) } } }

  /// Waits for the end, kills what is left of the group and answers how the process ended.
  func reap() -> End {
    waitUntilEnded(milliseconds: -1)
    var status: Int32 = 0
    state.withLock { state in
      Glibc.kill(-pid, SIGKILL)
      while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
      state.isReaped = true
    }
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
  }

  /// Whether the process has ended, waiting up to `milliseconds` for it; -1 waits without limit.
  @discardableResult func waitUntilEnded(milliseconds: Int32) -> Bool {
    var watched = pollfd(fd: ending.number, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&watched, 1, milliseconds)
      if count < 0 && errno == EINTR { continue }
      return count > 0
    }
  }
}

/// Calls `body` with a vector of C strings that ends with a null pointer.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) throws -> Result
) rethrows -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return try body(pointers)
}
