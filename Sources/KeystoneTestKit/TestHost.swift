public import KeystoneFolder
public import KeystoneKit

/// A host that a test scripts: a sandbox in a temporary folder, an audit log, an agent's end, answers of HTTP servers.
///
/// It keeps what a plugin asked for. Everything in the sandbox is real: files are files, and commands are processes.
public final class TestHost: Sendable {
  struct State {
    var responses: [HTTPResponse]
    var baseline: [SandboxPath: FileStatus] = [:]
    var asked: [String] = []
    var requests: [HTTPRequest] = []
    var logs: [String] = []
    var progress: [String] = []
    var usage: [Usage] = []
    var agentOutput: [UInt8] = []
    var isStalled = false
    var failure: PluginError?
  }

  /// The sandbox.
  public let sandbox: FolderSandbox
  /// What the agent did.
  public let agent: AgentOutcome?
  /// The run that is judged.
  public let scenario: Scenario

  let audit: [AuditRecord]
  let trace: [TraceRecord]
  let recordings: [String: [RecordedRequest]]
  let besideSpec: [String: String]
  let changes: [FileChange]?
  let state: Locked<State>
  let send: (@Sendable (HTTPRequest) async throws -> HTTPResponse)?
  private let folder: TemporaryFolder

  /// A host with a fresh sandbox.
  ///
  /// - Parameters:
  ///   - files: The files of the workspace, as the agent found them.
  ///   - agent: What the agent did; `nil` in a spec without agent.
  ///   - audit: What was recorded of the agent.
  ///   - trace: What the agent reported of itself.
  ///   - recordings: What mock services were asked, by the service's name.
  ///   - changes: What the agent changed; what differs from `files` when it is asked for, when `nil`.
  ///   - responses: What HTTP servers answer, in this order; the last one stays.
  ///   - besideSpec: Files that lie beside the spec on the caller's machine.
  ///   - prompt: What the agent is asked to do.
  /// - Throws: ``PluginError`` when no temporary folder can be made.
  public convenience init(
    files: [String: String] = [:], agent: AgentOutcome? = nil, audit: [AuditRecord] = [], trace: [TraceRecord] = [],
    recordings: [String: [RecordedRequest]] = [:], changes: [FileChange]? = nil, responses: [HTTPResponse] = [],
    besideSpec: [String: String] = [:], prompt: String = "Do what is asked."
  ) async throws {
    try await self.init(
      workspace: nil, files: files, agent: agent, audit: audit, trace: trace, recordings: recordings, changes: changes,
      responses: responses, besideSpec: besideSpec, prompt: prompt)
  }

  /// The same with a folder of this machine as its workspace, which stays, and with HTTP requests that are really made.
  package init(
    workspace: String?, files: [String: String] = [:], agent: AgentOutcome? = nil, audit: [AuditRecord] = [],
    trace: [TraceRecord] = [], recordings: [String: [RecordedRequest]] = [:], changes: [FileChange]? = nil,
    responses: [HTTPResponse] = [], besideSpec: [String: String] = [:],
    prompt: String = "Do what is asked.", send: (@Sendable (HTTPRequest) async throws -> HTTPResponse)? = nil
  ) async throws {
    folder = try TemporaryFolder()
    let id = "sb-test-\(UInt64.random(in: 0 ... .max))"
    let request = SandboxRequest(id: id, instance: "test", folder: "\(folder.path)/\(id)", base: "")
    sandbox = try FolderSandbox(request, runtime: "test", workspace: workspace ?? "\(request.folder)/workspace")
    self.send = send
    scenario = Scenario(
      id: "c1-r1", sandboxID: id, specID: "test", task: AgentTask(prompt: prompt), allowsLocalFiles: !besideSpec.isEmpty
    )
    self.agent = agent
    self.audit = audit
    self.trace = trace
    self.recordings = recordings
    self.changes = changes
    self.besideSpec = besideSpec
    state = Locked(State(responses: responses))
    for (path, text) in files.sorted(by: { $0.key < $1.key }) { try await write(text, to: SandboxPath(path)) }
    let baseline = try await tree()
    state.withLock { $0.baseline = baseline }
  }

  // MARK: The sandbox

  /// Writes a file as the agent would.
  public func write(_ text: String, to path: SandboxPath) async throws {
    _ = try await sandbox.write(path, mode: 0o644, area: .sandbox, from: ByteInput(Array(text.utf8)))
  }

  /// The content of a file as text.
  public func text(of path: SandboxPath) async throws -> String {
    let bytes = Locked<[UInt8]>([])
    _ = try await sandbox.read(path, offset: 0, limit: nil, to: ByteOutput { piece in bytes.withLock { $0 += piece } })
    return bytes.withLock { String(decoding: $0, as: UTF8.self) }
  }

  func tree() async throws -> [SandboxPath: FileStatus] {
    var files: [SandboxPath: FileStatus] = [:]
    try await sandbox.hash(".") { files[$0.path] = $0 }
    return files
  }

  // MARK: What was asked for

  /// The services the plugin asked for, in order, such as `read`.
  public var asked: [String] { state.withLock { $0.asked } }

  /// The HTTP requests the plugin made.
  public var requests: [HTTPRequest] { state.withLock { $0.requests } }

  /// What the plugin logged.
  public var logs: [String] { state.withLock { $0.logs } }

  /// What the plugin told the person who waits.
  public var progress: [String] { state.withLock { $0.progress } }

  /// What the plugin said it cost.
  public var usage: [Usage] { state.withLock { $0.usage } }

  /// What the agent's main process wrote to stdout.
  public var agentOutput: String { state.withLock { String(decoding: $0.agentOutput, as: UTF8.self) } }

  // MARK: Trouble

  /// Lets every service of the host wait until the plugin gives up.
  public func stall() { state.withLock { $0.isStalled = true } }

  /// Lets every service of the host fail.
  public func fail(with error: PluginError) { state.withLock { $0.failure = error } }
}
