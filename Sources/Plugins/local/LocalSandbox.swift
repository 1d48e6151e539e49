import Glibc
import KeystoneKit
import SandboxHelper

/// A sandbox of this machine: a first process, and the folder it works in.
final class LocalSandbox: HelperSandbox {
  let environment: SandboxEnvironment
  let folder: SandboxFolder
  let connection: HelperConnection
  let variables: SandboxVariables
  let services: LocalServices
  private let program: String
  private let process: ChildProcess
  private let groups: ControlGroups
  private let destruction = Locked<Task<Void, any Error>?>(nil)

  init(
    _ start: SandboxStart, _ abilities: HelperAbilities, _ groups: ControlGroups, connection: HelperConnection,
    process: ChildProcess
  ) {
    self.groups = groups
    environment = start.environment(abilities, groups)
    folder = start.folder
    variables = start.variables
    services = LocalServices(of: start)
    program = start.program
    self.connection = connection
    self.process = process
  }

  var protectedArea: ProtectedArea { ProtectedArea(folder: folder.protected) }

  func execute(_ command: Command, streams: CommandStreams) async throws -> CommandStatus {
    let killed = groups.killed
    var status = try await perform(command, streams: streams)
    // Whichever of its processes the kernel chose, the command was not what it would have been.
    if status.limit == nil && groups.killed > killed { status.limit = "memory" }
    return status
  }

  func destroy() async throws {
    let task = destruction.withLock { task in
      if let task { return task }
      let new = Task { try await end() }
      task = new
      return new
    }
    try await task.value
  }

  private func end() async throws {
    connection.send(.shutDown, 0)
    async let servicesEnded: Void = services.destroy()
    await Self.end(process, connection)
    await groups.remove()
    try await servicesEnded
    try await Self.remove(folder, with: program)
  }

  /// Waits for the first process, whose end is the end of everything in the sandbox, and then closes its socket.
  static func end(_ process: ChildProcess, _ connection: HelperConnection?) async {
    let impatience = Task {
      try await Task.sleep(for: .seconds(5))
      process.kill()
    }
    _ = await process.waitForEnd()
    impatience.cancel()
    connection?.close()
  }

  /// Removes the folder and all that commands left in it, however deep or locked.
  static func remove(_ folder: SandboxFolder, with program: String) async throws(PluginError) {
    if folder.removePlain() { return folder.forget() }
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    let moved = fcntl(null, F_DUPFD_CLOEXEC, 10)
    defer {
      close(null)
      close(moved)
    }
    let status = await (try ChildProcess([program, "--remove", folder.path], socket: moved, output: moved)).waitForEnd()
    guard status == 0 || access(folder.path, F_OK) != 0 else {
      throw PluginError(.unavailable, "cannot remove \(folder.path); remove it by hand")
    }
    folder.forget()
  }
}
