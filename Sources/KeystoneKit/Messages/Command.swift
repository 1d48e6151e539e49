/// A program to run in a sandbox.
public struct Command: Codable, Sendable, Hashable {
  /// The program and its arguments; a program without `/` is looked up on the PATH of `environment`.
  public var arguments: [String]
  /// Variables added to, or replacing, those every command of the sandbox gets.
  public var environment: [String: String]
  /// The working directory; the workspace when absent.
  public var directory: String?
  /// How long it may run, in milliseconds, before its whole process tree is killed.
  public var timeoutMilliseconds: Int64?
  /// Whether the caller sends its stdin on channel 0; it reads end of file at once otherwise.
  public var hasInput: Bool
  /// Whether its output is thrown away instead of sent on channels 1 and 2.
  public var discardsOutput: Bool
  /// Whether the environment holds nothing but `environment` and the runtime's PATH, HOME, USER, LANG and TZ.
  public var isPristine: Bool
  /// What the host is told of while it runs, by the sandbox's attachment; nothing when absent.
  public var watch: CommandWatch?

  enum CodingKeys: String, CodingKey {
    case arguments, environment, directory, watch
    case timeoutMilliseconds = "timeout_ms"
    case hasInput = "has_input"
    case discardsOutput = "discards_output"
    case isPristine = "is_pristine"
  }

  /// A program with its arguments.
  public init(
    _ arguments: [String], environment: [String: String] = [:], directory: String? = nil, timeout: Duration? = nil,
    hasInput: Bool = false, discardsOutput: Bool = false, isPristine: Bool = false
  ) {
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.timeoutMilliseconds = timeout?.wholeMilliseconds
    self.hasInput = hasInput
    self.discardsOutput = discardsOutput
    self.isPristine = isPristine
  }

  /// A line for `sh -c`.
  public static func shell(_ line: String, timeout: Duration? = nil) -> Command {
    Command(["/bin/sh", "-c", line], timeout: timeout)
  }
}

/// What the host is told of a command and of everything it starts; set by the host only.
public struct CommandWatch: Codable, Sendable, Hashable {
  /// Under which name the command's seccomp listener is handed over.
  public var tag: Int
  /// Whether new programs are told.
  public var processes: Bool
  /// Whether changes of files are told.
  public var writes: Bool
  /// Whether files opened for reading are told.
  public var reads: Bool

  /// A watch.
  public init(tag: Int, processes: Bool = false, writes: Bool = false, reads: Bool = false) {
    self.tag = tag
    self.processes = processes
    self.writes = writes
    self.reads = reads
  }
}

/// How a program ended.
public struct CommandStatus: Codable, Sendable, Hashable {
  /// The exit code; absent when a signal ended it.
  public var exitCode: Int?
  /// The number of the signal that ended it.
  public var signal: Int?
  /// Whether it was killed because its time was up.
  public var timedOut: Bool
  /// Whether it was killed because it, or its sandbox, was over a limit, and which.
  public var limit: String?
  /// How long it ran, in milliseconds.
  public var durationMilliseconds: Int

  enum CodingKeys: String, CodingKey {
    case signal, limit
    case exitCode = "exit_code"
    case timedOut = "timed_out"
    case durationMilliseconds = "duration_ms"
  }

  /// A status.
  public init(
    exitCode: Int? = nil, signal: Int? = nil, timedOut: Bool = false, limit: String? = nil,
    durationMilliseconds: Int = 0
  ) {
    self.exitCode = exitCode
    self.signal = signal
    self.timedOut = timedOut
    self.limit = limit
    self.durationMilliseconds = durationMilliseconds
  }

  /// Whether it exited with 0.
  public var isSuccess: Bool { exitCode == 0 }
}
