import Glibc
public import KeystoneKit

/// Clones a repository on the host and unpacks it in the workspace, with its history.
///
/// What is cloned comes from a stranger: no hook, submodule, filter or credential helper runs, git never asks for a
/// password, and only https and ssh are spoken, unless the caller's own files may be used.
struct GitRepo: Fixture {
  struct Parameters: ParameterSet {
    @Parameter("https or ssh address.", examples: ["https://github.com/your-org/your-repo"]) var url: String
    @Parameter("Branch, tag, or full commit id; the remote's default branch when absent.") var branch: String?
    @Parameter("How many commits of history come along; all when absent.", range: 1...) var depth: Int?
    @Parameter("Folder of the workspace that receives the repository.") var path = "."
  }

  static let type = "git_repo"
  static let summary = "Clones a git repository into the workspace."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    var problems = SandboxPath(parameters.path).diagnostics(at: "$.path")
    // A template is filled in when the fixture is applied.
    if !parameters.url.hasPrefix("{{") {
      do {
        _ = try GitAddress(parameters.url, allowsLocalFiles: true)
      } catch {
        problems.append(.init(path: "$.url", message: error.message))
      }
    }
    if let branch = parameters.branch, branch.isEmpty || branch.hasPrefix("-") {
      problems.append(.init(path: "$.branch", message: "`\(branch)` is no branch, tag or commit id"))
    }
    return problems
  }

  func apply(_ parameters: Parameters, in context: FixtureContext) async throws {
    let address = try GitAddress(parameters.url, allowsLocalFiles: context.scenario.allowsLocalFiles)
    context.progress("cloning \(address.shown)")
    try await TemporaryFolder(in: context.cacheFolder).use { folder in
      let clone = try GitClone(address, in: folder, allowsLocalFiles: context.scenario.allowsLocalFiles)
      try await clone.run(branch: parameters.branch, depth: parameters.depth)
      try await unpack(try await clone.archive(), into: parameters.path, of: context.sandbox)
    }
  }

  private func unpack(_ archive: String, into path: String, of sandbox: Sandbox) async throws {
    let file = open(archive, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw PluginError(.internal, "the packed repository \(archive) cannot be read") }
    defer { close(file) }
    let target = try await sandbox.commandPath(path)
    let script = "mkdir -p -- \"$1\" && exec tar -xof - -C \"$1\""
    let result = try await sandbox.run(
      Command(["/bin/sh", "-c", script, "sh", target]), input: ByteInput { try readFrame(of: file) }, of: .last)
    guard result.status.isSuccess else {
      throw PluginError(
        .invalid, "fixture `git_repo`: unpacking into \(path) \(result.status.ending): \(result.lastLines())")
    }
  }
}

/// The next bytes of an open file; `nil` at its end.
private func readFrame(of file: CInt) throws -> [UInt8]? {
  var count = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, initialized in
    count = read(file, buffer.baseAddress, buffer.count)
    initialized = max(0, count)
  }
  guard count >= 0 else { throw PluginError(.internal, "the packed repository cannot be read (errno \(errno))") }
  return count == 0 ? nil : bytes
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  let permissions = PluginPermissions(network: true, env: GitClone.inherited, exec: true)
  return Plugin("git_repo", version: "1.0.0", permissions: permissions, GitRepo.self).export(to: host)
}
