package import KeystoneKit

/// Something in which `keystone-sandbox-init` runs commands.
package protocol HelperCommands: Sendable {
  /// The way to the helper.
  var connection: HelperConnection { get }
  /// The environment of commands.
  var variables: SandboxVariables { get }
}

/// A sandbox that `keystone-sandbox-init` serves, whatever separates it from this machine: commands, files and hashes are
/// requests to the helper, so that they are the same in every runtime.
package protocol HelperSandbox: HelperCommands, RuntimeSandbox {
  /// The folder of this machine that is read-only inside.
  var protectedArea: ProtectedArea { get }
}

extension HelperSandbox {
  package func execute(_ command: Command, streams: CommandStreams) async throws -> CommandStatus {
    try await perform(command, streams: streams)
  }

  package func killAll() async throws {
    _ = try await finish(try connection.begin(.killAll, []))
  }

  /// Waits for the DONE of a request without further answers.
  func finish(_ request: HelperRequest) async throws(PluginError) -> HelperFrame {
    while let frame = try await request.control.next() {
      if frame.reply == .failed { throw frame.failure("") }
      if frame.reply == .done { return frame }
    }
    throw PluginError(.internal, "the sandbox's first process ended a request without an answer")
  }
}

/// The helper's first message.
package enum HelperGreeting: Sendable {
  /// It speaks this version of the protocol and can do this.
  case ready(HelperAbilities)
  /// It cannot be used, for this reason.
  case wrong(String)
}

extension HelperConnection {
  /// Waits for the helper's first message.
  ///
  /// The connection is closed when `limit` is over or the task is cancelled.
  package func awaitGreeting(within limit: Duration) async throws -> HelperGreeting {
    let impatience = Task {
      try await Task.sleep(for: limit)
      close()
    }
    defer { impatience.cancel() }
    let frame = try? await withTaskCancellationHandler {
      try await greeting.control.next()
    } onCancel: {
      close()
    }
    try Task.checkCancellation()
    var reader = PayloadReader(frame?.payload ?? [])
    let version = reader.uint32()
    if version == HelperProtocol.version {
      _ = reader.uint32()
      return .ready(HelperAbilities(&reader))
    }
    let wrong = "its version is \(version) instead of \(HelperProtocol.version)"
    return .wrong(version == 0 ? "it said nothing" : wrong)
  }
}
