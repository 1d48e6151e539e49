import CChild
import Glibc
import KeystoneKit
import SandboxHelper

/// All that is known of a sandbox before it exists, and how it comes into being.
struct SandboxStart: Sendable {
  let request: SandboxRequest
  let isolation: Isolation
  let program: String
  let folder: SandboxFolder
  let user: SandboxUser
  let variables: SandboxVariables
  let etc: SandboxEtc
  let cache: String

  /// A sandbox to come; `cache` is a folder of the runtime's own, where what sandboxes share is kept.
  init(_ request: SandboxRequest, isolation: Isolation, program: String, cache: String) {
    self.request = request
    self.cache = cache
    etc = SandboxEtc(cache: cache)
    self.isolation = isolation
    self.program = program
    folder = SandboxFolder(path: request.folder)
    switch isolation {
    case .bubblewrap:
      user = SandboxUser(id: request.id, isolates: true)
      variables = SandboxVariables(
        home: BubblewrapArguments.home, user: SandboxUser.name, requested: request.environment)
    case .none:
      var user = SandboxUser(id: request.id, isolates: false)
      if !Self.isOpen(request.folder) { user = SandboxUser(outside: nil, inside: getuid()) }
      self.user = user
      variables = SandboxVariables(home: folder.home, user: SandboxUser.name, requested: request.environment)
    }
  }

  /// Builds the sandbox; whatever fails, nothing is left behind.
  func run() async throws -> LocalSandbox {
    do {
      try folder.make(for: request, owner: user.outside)
      return try await launch()
    } catch {
      try? await LocalSandbox.remove(folder, with: program)
      throw error
    }
  }

  private func launch() async throws -> LocalSandbox {
    var ends: [Int32] = [-1, -1]
    guard ks_child_socket_pair(&ends) == 0 else {
      throw PluginError(.exhausted, "cannot make a socket for sandbox \(request.id): no descriptor is left")
    }
    let log = openLog()
    let groups = ControlGroups(id: request.id, limits: request.limits)
    let process: ChildProcess
    do {
      defer { for descriptor in [ends[1], log] where descriptor >= 0 { close(descriptor) } }
      process = try ChildProcess(try arguments(groups), socket: ends[1], output: log)
    } catch {
      close(ends[0])
      await groups.remove()
      throw error
    }
    let connection = HelperConnection(descriptor: ends[0])
    do {
      let abilities = try await waitUntilReady(connection)
      return LocalSandbox(self, abilities, groups, connection: connection, process: process)
    } catch {
      connection.close()
      await LocalSandbox.end(process, nil)
      await groups.remove()
      throw error
    }
  }

  private func arguments(_ groups: ControlGroups) throws(PluginError) -> [String] {
    switch isolation {
    case .bubblewrap(let path):
      return BubblewrapArguments(
        bubblewrap: path, program: program, folder: folder,
        etcFolder: try etc.folder(for: user, isAttached: request.attachment != nil), user: user,
        attachment: request.attachment, joining: groups.joining, limits: watchedLimits(groups)
      ).all
    case .none:
      return [program] + groups.joining.flatMap { ["--join", $0] } + ["--workspace", folder.workspace]
        + (user.outside.map { ["--user", "\($0)", "--group", "\($0)"] } ?? [])
        + (request.attachment.map { ["--attachment", $0] } ?? [])
    }
  }

  /// What the first process keeps watch over, where the kernel does not.
  private func watchedLimits(_ groups: ControlGroups) -> [String] {
    var list = ["--home", BubblewrapArguments.home]
    if let memory = request.limits.memory, !groups.enforced.contains("memory") { list += ["--memory", "\(memory)"] }
    if let disk = request.limits.disk { list += ["--disk", "\(disk)"] }
    if let processes = request.limits.processes, !groups.enforced.contains("processes") {
      // The kernel counts the first process and the command's own supervisor too.
      list += ["--processes", "\(processes + 2)"]
    }
    return list
  }

  private func openLog() -> Int32 {
    let log = open(folder.startLog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    defer { close(log) }
    return fcntl(log, F_DUPFD_CLOEXEC, 10)
  }

  private func waitUntilReady(_ connection: HelperConnection) async throws -> HelperAbilities {
    let wrong: String
    switch try await connection.awaitGreeting(within: .seconds(20)) {
    case .ready(let abilities): return abilities
    case .wrong(let words): wrong = words
    }
    let words = SandboxFolder.readText(folder.startLog, limit: 4096) ?? ""
    let reason = words.split(separator: "\n").first.map(String.init) ?? wrong
    throw PluginError(
      .unavailable, "the first process of sandbox \(request.id) did not start: \(reason)",
      detail: words.isEmpty ? nil : words)
  }

  /// Whether every folder above may be passed by any user, so that commands can be given a user of their own.
  private static func isOpen(_ path: String) -> Bool {
    var parent = path[...]
    while let slash = parent.lastIndex(of: "/"), slash != parent.startIndex {
      parent = parent[..<slash]
      var status = stat()
      if stat(String(parent), &status) == 0 && status.st_mode & 0o001 == 0 { return false }
    }
    return true
  }
}
