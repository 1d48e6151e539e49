import Glibc
package import KeystoneKit

extension IsolatedPlugin {
  /// Loads `file` in a process of its own and waits until the plugin has answered with its table.
  ///
  /// - Parameters:
  ///   - file: The plugin's shared library, as an absolute path.
  ///   - label: How errors name it, such as `acme 1.2.0 (/…/acme.so)`; the file when `nil`.
  ///   - helper: The program `keystone-plugin-host`, as an absolute path.
  ///   - confinement: What the process may reach; `nil` runs it with all rights of this process.
  ///   - concurrency: How many calls may be inside the plugin at a time; 0 for a plugin with the capability
  ///     `returns-at-once`, which is then called without a change of threads.
  ///   - limits: Limits on resources by the names of `keystone-plugin-host`, in place of the usual ones.
  ///   - incoming: Serves the plugin's calls of host services.
  ///   - onEnd: Told once, on an arbitrary thread, when the process has ended and all calls have.
  /// - Returns: The plugin, which lives until ``stop()`` or its own end.
  /// - Throws: ``PluginError`` with the code `unavailable` when it cannot be started, saying why.
  package static func start(
    file: String, label: String? = nil, helper: String, confinement: Confinement?, concurrency: Int,
    limits: [String: Int] = [:], incoming: @escaping @Sendable (IncomingCall) async throws -> [UInt8],
    onEnd: @escaping @Sendable (PluginDeath) -> Void = { _ in }
  ) async throws -> IsolatedPlugin {
    let label = label ?? file
    let plugin: IsolatedPlugin
    do {
      let command = try childCommand(
        file: file, helper: helper, confinement: confinement, concurrency: concurrency, limits: limits)
      let (ours, theirs) = try Descriptor.socketPair()
      let process = try await SpawnThread.shared.run { try ChildProcess.spawn(command, socket: theirs) }
      plugin = IsolatedPlugin(
        label: label, isConfined: confinement != nil, process: process, socket: ours, incoming: incoming,
        onEnd: onEnd)
    } catch let error as SystemError {
      throw PluginError(.unavailable, "plugin \(label) cannot be started: \(error)", retryable: true)
    }
    try await plugin.begin(within: .seconds(30))
    return plugin
  }

  private static func childCommand(
    file: String, helper: String, confinement: Confinement?, concurrency: Int, limits: [String: Int]
  ) throws -> ChildCommand {
    let usual = confinement == nil ? ["nofile": 1024] : confinedLimits
    let limits = usual.merging(limits) { _, given in given }.sorted { $0.key < $1.key }
    let arguments =
      [helper, "--concurrency", "\(min(1024, max(0, concurrency)))"]
      + limits.flatMap { ["--limit", "\($0.key)=\($0.value)"] } + (confinement.map(\.filterArguments) ?? []) + [file]
    var environment = [
      "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp",
      "SWIFT_BACKTRACE": SwiftRuntime.backtraceSettings,
    ]
    guard let confinement else {
      environment["HOME"] = "/"
      return ChildCommand(arguments: arguments, environment: environment, directory: "/")
    }
    environment["HOME"] = confinement.stateFolder
    environment.merge(confinement.environment) { _, given in given }
    let bubblewrap = try bubblewrapPath()
    return ChildCommand(
      arguments: [bubblewrap] + confinement.bubblewrapArguments(file: file, helper: helper) + arguments,
      environment: environment, directory: "/")
  }

  /// What a confined plugin may use at most.
  ///
  /// Threads count as processes, of which the limit is the child's alone, since it has a user namespace of its own. `data` is
  /// memory it can write to: at 2 GiB its next allocation fails.
  private static let confinedLimits = ["nofile": 1024, "nproc": 512, "fsize": 1 << 30, "data": 2 << 30]

  private static func bubblewrapPath() throws -> String {
    let folders = getenv("PATH").map { String(cString: $0).split(separator: ":").map(String.init) } ?? []
    for folder in folders + ["/usr/bin"] where folder.hasPrefix("/") && access("\(folder)/bwrap", X_OK) == 0 {
      return "\(folder)/bwrap"
    }
    throw PluginError(
      .unavailable,
      "bubblewrap (bwrap) is missing, and plugins of others do not run without it: install it, "
        + "or start the host with -allow-unconfined-plugins")
  }
}
