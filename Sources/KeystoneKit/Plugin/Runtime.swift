/// A way to build sandboxes: an engine, a hypervisor, a cluster, or plain processes.
///
/// The host asks ``health(in:)`` at start and before it chooses, and ``create(_:in:)`` once per sandbox; calls
/// for different sandboxes come at the same time. They run on threads of KeystoneKit and may block. A cancelled
/// `create` removes what it has built.
///
/// `create` is idempotent by ``SandboxRequest/id``. Everything a runtime makes carries the id and the
/// ``SandboxRequest/instance``, so that ``list(in:)`` finds what a host that died has left. Throw
/// ``PluginError`` with the step that failed.
///
/// The acceptance test is `RuntimeConformance`.
public protocol Runtime: PluginType {
  /// A sandbox of this runtime.
  associatedtype Sandbox: RuntimeSandbox

  /// The limits of a spec it can keep a sandbox to, such as `resources.memory`; none unless said otherwise.
  static var limits: [String] { get }

  /// Says whether sandboxes can be built on this machine now, and why.
  func health(in context: RuntimeContext) async throws -> RuntimeHealth

  /// Builds a sandbox; it is ready for commands when this returns.
  func create(_ request: SandboxRequest, in context: RuntimeContext) async throws -> Sandbox

  /// Finds the sandboxes of this runtime below the host's folder `folder`, whoever made them.
  func list(in folder: String, context: RuntimeContext) async throws -> [ExistingSandbox]

  /// Removes what is left of a sandbox that this process did not create; nothing when nothing is left.
  func reap(_ sandbox: ExistingSandbox, in folder: String, context: RuntimeContext) async throws
}

extension Runtime {
  /// None.
  public static var limits: [String] { [] }
}

/// A built sandbox: commands, files, and its end.
///
/// All functions may be called at the same time. Paths are those of ``SandboxPath``.
public protocol RuntimeSandbox: Sendable {
  /// What this sandbox really has.
  var environment: SandboxEnvironment { get }

  /// Runs a program until its main process ends.
  ///
  /// The program runs in a process group of its own, in the workspace, as the agent's user. Cancelling the task
  /// or using up the command's time kills its whole process tree. Output waits while its reader waits, so memory stays bounded.
  /// Throws ``PluginError/Code/notFound`` when the program does not exist and ``PluginError/Code/denied`` when
  /// it cannot be executed.
  func execute(_ command: Command, streams: CommandStreams) async throws -> CommandStatus

  /// Sends the bytes of a regular file from `offset`, `limit` at most, to `output`.
  func read(_ path: SandboxPath, offset: UInt64, limit: UInt64?, to output: ByteOutput) async throws -> FileStatus

  /// Replaces a regular file by the bytes of `input`, with its parent folders.
  func write(_ path: SandboxPath, mode: UInt32, area: FileArea, from input: ByteInput) async throws -> FileStatus

  /// Finds what is in a folder, or everything below it, without following links.
  func list(_ path: SandboxPath, recursive: Bool, each: (FileStatus) async throws -> Void) async throws

  /// Looks at a file without opening it, without following a link in its last part.
  func status(of path: SandboxPath) async throws -> FileStatus

  /// Removes a file, or a folder with everything below it; nothing happens when there is none.
  func remove(_ path: SandboxPath) async throws

  /// Finds everything below `path` with the SHA-256 of each regular file.
  func hash(_ path: SandboxPath, each: (FileStatus) async throws -> Void) async throws

  /// Kills every process in the sandbox that a command left behind.
  func killAll() async throws

  /// Removes the sandbox and everything in it; nothing happens the second time.
  func destroy() async throws
}
