import Glibc
public import KeystoneKit

/// A sandbox that is a folder and plain processes of this machine: the base of the test kit's fake and of small runtimes.
///
/// Nothing isolates it: its commands are processes of the user who runs this one. It does everything else a sandbox must,
/// and `RuntimeConformance` says so. `/workspace` is the folder `workspace` in it; other absolute paths are this
/// machine's own.
public final class FolderSandbox: RuntimeSandbox {
  /// What this sandbox really has.
  public let environment: SandboxEnvironment

  let id: String
  let folder: String
  private let variables: [String: String]
  private let commands = Locked(0)
  private let isDestroyed = Locked(false)

  let workspace: String
  var protected: String { "\(folder)/protected" }

  /// Makes the folders of a sandbox, or uses those that are there.
  ///
  /// - Parameters:
  ///   - request: What to build; its `folder` becomes the sandbox.
  ///   - runtime: The type of the runtime, for ``SandboxEnvironment/runtime``.
  /// - Throws: ``PluginError`` when a folder cannot be made.
  public convenience init(_ request: SandboxRequest, runtime: String) throws {
    try self.init(request, runtime: runtime, workspace: "\(request.folder)/workspace")
  }

  /// The same with a workspace that lies elsewhere and stays when the sandbox goes.
  package init(_ request: SandboxRequest, runtime: String, workspace: String) throws {
    id = request.id
    self.workspace = workspace
    folder = request.folder
    variables = request.environment
    environment = SandboxEnvironment(
      runtime: runtime, isolation: "none",
      warnings: [
        "Nothing isolates this sandbox: its commands are plain processes, and find /workspace under "
          + "\(workspace)."
      ],
      limits: ["timeout": "enforced", "cpu": "none", "memory": "none", "disk": "none", "processes": "none"],
      network: "host", base: "ignored", user: "uid \(getuid()) of this machine", workspace: workspace,
      workspacePath: workspace, protectedPath: "\(request.folder)/protected")
    for path in [workspace, protected] { try FolderTree.make(path) }
    try FolderRecord(id: request.id, instance: request.instance).write(in: folder)
  }

  /// The variables a command gets.
  func variables(for command: Command) -> [String: String] {
    var variables = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder, "USER": "agent",
      "LANG": "C.UTF-8", "TZ": "UTC",
    ]
    if !command.isPristine { variables.merge(self.variables) { _, own in own } }
    return variables.merging(command.environment) { _, own in own }
  }

  /// The mark of the next command, by which it and all its descendants are found.
  func nextMark() throws -> String {
    try checkIsThere()
    return commands.withLock { commands in
      commands += 1
      return "\(id)/\(commands)"
    }
  }

  func checkIsThere() throws {
    guard isDestroyed.withLock({ $0 }) else { return }
    throw PluginError(.notFound, "the sandbox \(id) was destroyed; create another one")
  }

  /// Kills every process in the sandbox that a command left behind.
  public func killAll() async throws { ProcessMark.kill("\(id)/") }

  /// Removes the sandbox and everything in it; nothing happens the second time.
  public func destroy() async throws {
    isDestroyed.withLock { $0 = true }
    ProcessMark.kill("\(id)/")
    FolderTree.remove(folder)
  }

  /// The sandboxes that lie directly below `folder`, whoever made them.
  public static func existing(in folder: String) -> [ExistingSandbox] {
    FolderTree.names(in: folder).compactMap { FolderRecord.read(in: "\(folder)/\($0)")?.existing }
  }

  /// Removes what is left of a sandbox below `folder` that this process did not make.
  public static func reap(_ sandbox: ExistingSandbox, in folder: String) {
    for name in FolderTree.names(in: folder) where FolderRecord.read(in: "\(folder)/\(name)")?.existing == sandbox {
      ProcessMark.kill("\(sandbox.id)/")
      FolderTree.remove("\(folder)/\(name)")
    }
  }
}

/// What a sandbox's folder says of itself.
struct FolderRecord: Codable {
  private static let name = "sandbox.json"
  var id: String
  var instance: String

  var existing: ExistingSandbox { ExistingSandbox(id: id, instance: instance) }

  func write(in folder: String) throws {
    let file = try FolderFile.create("\(folder)/\(Self.name)", mode: 0o600)
    try file.write(JSONValueEncoder().encode(self).bytes)
  }

  static func read(in folder: String) -> FolderRecord? {
    guard let bytes = try? FolderFile.open("\(folder)/\(name)").read(upTo: 64 << 10) else { return nil }
    return try? JSONValueDecoder().decode(Self.self, from: JSONValue(parsing: bytes))
  }
}
