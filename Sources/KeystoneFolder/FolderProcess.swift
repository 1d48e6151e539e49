import CFolder
import Glibc
import KeystoneKit

/// A program that runs in a folder's sandbox, in a process group of its own.
final class FolderProcess: Sendable {
  private struct State {
    var isReaped = false
    var timedOut = false
  }

  private let pid: pid_t
  private let mark: String
  private let state = Locked(State())
  /// Becomes readable when the main process has ended.
  private let ending: FolderFile
  private let input: FolderFile?
  private let output: FolderFile?
  private let errorOutput: FolderFile?

  /// Starts a program; the streams that are `nil` are empty or thrown away.
  init(
    program: String, arguments: [String], variables: [String: String], directory: String, mark: String,
    streams: CommandStreams
  ) throws {
    let null = FolderFile(open("/dev/null", O_RDWR | O_CLOEXEC))
    let (read, write) = streams.input == nil ? (null, nil) : try Self.pipe()
    let (outRead, outWrite) = streams.output == nil ? (nil, null) : try Self.outputPipe()
    let (errRead, errWrite) = streams.errorOutput == nil ? (nil, null) : try Self.outputPipe()
    let environment = variables.merging([ProcessMark.variable: mark]) { _, own in own }
    var pid = pid_t()
    // The child's ends are open until it has them, and no longer.
    let status = withExtendedLifetime((read, outWrite, errWrite)) {
      Self.withCStrings(arguments) { arguments in
        Self.withCStrings(environment.map { "\($0.key)=\($0.value)" }.sorted()) { environment in
          ks_folder_spawn(
            program, arguments, environment, directory, [read.descriptor, outWrite.descriptor, errWrite.descriptor],
            &pid)
        }
      }
    }
    guard status == 0 else { throw Self.failure(status, program) }
    let (endingRead, endingWrite) = try Self.outputPipe()
    self.pid = pid
    self.mark = mark
    ending = endingRead
    (input, output, errorOutput) = (write, outRead, errRead)
    startThread { [pid] in
      var information = siginfo_t()
      while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
      // Closing the writing end is the message.
      withExtendedLifetime(endingWrite) {}
    }
  }

  private static func failure(_ status: Int32, _ program: String) -> PluginError {
    switch status {
    case ENOENT, ENOTDIR: PluginError(.notFound, "the program \(program) does not exist")
    case E2BIG: PluginError(.exhausted, "the arguments and variables of \(program) are too large for a command")
    default: PluginError(.denied, "the program \(program) cannot be executed: \(String(cString: strerror(status)))")
    }
  }

  private static func pipe() throws -> (FolderFile, FolderFile?) {
    let (read, write) = try outputPipe()
    return (read, write)
  }

  private static func outputPipe() throws -> (FolderFile, FolderFile) {
    var ends: [Int32] = [-1, -1]
    let status = ks_folder_pipe(&ends)
    guard status == 0 else { throw FolderPlace.failure(status, "a pipe") }
    return (FolderFile(ends[0]), FolderFile(ends[1]))
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers)
  }

  // MARK: Ends

  /// Kills the program with everything it started, wherever that went.
  func kill(timedOut: Bool = false) {
    state.withLock { state in
      if state.isReaped { return }
      if timedOut { state.timedOut = true }
      Glibc.kill(-pid, SIGKILL)
    }
    ProcessMark.kill(mark)
  }

  /// Waits for the end of the main process.
  func end() async throws -> (status: Int32, timedOut: Bool) {
    try await onThread { [self] in
      _ = try ending.read(upTo: 1)
      return state.withLock { state in
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        state.isReaped = true
        return (status, state.timedOut)
      }
    }
  }

  // MARK: Streams

  /// Hands what comes from a stream to `output`, until it ends or the main process has.
  func relay(_ stream: KeyPath<FolderProcess, FolderFile?>, to output: ByteOutput?) async throws {
    guard let file = self[keyPath: stream], let output else { return }
    while let bytes = try await onThread({ [self] in try next(file) }) { try await output.write(bytes) }
  }

  static var stdout: KeyPath<FolderProcess, FolderFile?> { \.output }
  static var stderr: KeyPath<FolderProcess, FolderFile?> { \.errorOutput }

  /// The next bytes, or `nil` at the end; what a child that lives on writes later is not waited for.
  private func next(_ file: FolderFile) throws -> [UInt8]? {
    var watched = [
      pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: ending.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    while poll(&watched, 2, -1) < 0 && errno == EINTR {}
    guard watched[0].revents != 0 else { return nil }
    let bytes = try file.read(upTo: 64 << 10)
    return bytes.isEmpty ? nil : bytes
  }

  /// Feeds the program what `bytes` brings; that it stops reading is its own business.
  func feed(_ bytes: ByteInput?) async {
    guard let input, let bytes else { return }
    do {
      for try await frame in bytes { try await onThread { try input.write(frame) } }
    } catch {}
    // The last reference to the writing end is this object's: end of file is said by shutting the pipe.
    await close(input)
  }

  private func close(_ input: FolderFile) async {
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    dup2(null, input.descriptor)
    _ = fcntl(input.descriptor, F_SETFD, FD_CLOEXEC)
    Glibc.close(null)
  }
}

/// Threads for work that blocks.
private let threads = WorkerPool(limit: 256)

/// Runs work that blocks on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withHandover { handOver in threads.run { handOver(Result { try body() }) } }
}
