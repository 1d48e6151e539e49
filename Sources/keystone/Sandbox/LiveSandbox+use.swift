package import KeystoneKit
import KeystonePluginHost
import KeystoneSpec

/// What a command that was run over the API did.
package struct CommandReport: Sendable {
  /// How it ended.
  package var status: CommandStatus
  /// What it wrote to stdout, with secrets masked; both ends of it when that was much.
  package var output: String
  /// What it wrote to stderr likewise.
  package var errorOutput: String
}

extension CommandReport {
  /// The report of a command that nobody waits for.
  package static let none = CommandReport(status: CommandStatus(exitCode: 0), output: "", errorOutput: "")
}

extension LiveSandbox {
  /// Where the services of this sandbox are reached from inside, by name.
  package var services: [String: ServiceAddress] {
    let addresses = plan.spec.services.map { service in
      (service.name, ServiceAddress(host: service.name, port: service.ports.first ?? 80, ready: true))
    }
    return Dictionary(addresses, uniquingKeysWith: { first, _ in first })
  }

  /// Runs a line with `sh -c` in the workspace, as the agent would: it is recorded in the phase `agent`.
  ///
  /// Throws ``PluginError`` when it cannot be started.
  package func runCommand(_ line: String, timeout: Duration?) async throws -> CommandReport {
    plan.progress(SandboxStep("command", redacted(line)))
    let command = watched(merged(.shell(line, timeout: timeout)), phase: "agent", actor: "agent")
    defer { unwatch(command) }
    let call = try await begin("exec", SandboxCall(command: command))
    let output = OutputCapture(name: "commands_stdout.log", folder: artifacts, patterns: patterns)
    let errors = OutputCapture(name: "commands_stderr.log", folder: artifacts, patterns: patterns)
    let answer = try await withTaskCancellationHandler {
      async let first: Void = keep(call.input(1), output, "stdout")
      async let second: Void = keep(call.input(2), errors, "stderr")
      _ = try await (first, second)
      return try await call.result()
    } onCancel: {
      call.cancel()
    }
    let status = try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: answer))
    try record(.shell(line), status, phase: "agent", actor: "agent")
    return CommandReport(status: status, output: output.text, errorOutput: errors.text)
  }

  private func keep(_ input: ChannelInput, _ capture: OutputCapture, _ stream: String) async throws {
    while let frame = try await input.next() { try recordCommandOutput(capture.take(frame), stream) }
    try recordCommandOutput(capture.finish(), stream)
  }

  private func recordCommandOutput(_ masked: (bytes: [UInt8], names: Set<String>), _ stream: String) throws {
    guard !masked.bytes.isEmpty || !masked.names.isEmpty else { return }
    try audit.recordOutput(masked.bytes, stream: stream, phase: "agent", actor: "agent", secrets: masked.names)
  }

  /// What is known of a file; throws ``PluginError/Code/notFound`` when there is none.
  package func status(of path: SandboxPath) async throws -> FileStatus {
    try await call("stat", SandboxCall(path: path))
  }

  /// Reads a regular file piece by piece and records that it was read.
  package func read(_ path: SandboxPath, _ body: ([UInt8]) async throws -> Void) async throws {
    let call = try await begin("read", SandboxCall(path: path))
    var count = 0
    do {
      while let frame = try await call.input(1).next() {
        count += frame.count
        try await body(frame)
      }
    } catch {
      call.cancel()
      _ = try await call.result()
      throw error
    }
    _ = try await call.result()
    try audit.record(
      phase: "agent", actor: "agent", event: "file_read",
      ["path": .string(path.description), "bytes": .integer(Int64(count))])
  }

  /// Replaces a file, with its parent folders, and records it.
  package func replace(_ path: SandboxPath, _ bytes: [UInt8]) async throws {
    try await write(path, bytes)
    try audit.record(
      phase: "agent", actor: "agent", event: "file_write",
      ["path": .string(path.description), "bytes": .integer(Int64(bytes.count))])
  }

  /// Removes a file or a folder, and records it.
  package func remove(_ path: SandboxPath) async throws {
    _ = try await call("remove", SandboxCall(path: path), as: Empty.self)
    try audit.record(phase: "agent", actor: "agent", event: "file_delete", ["path": .string(path.description)])
  }

  /// Every file of the workspace with the SHA-256 of each regular one.
  package func workspaceFiles() async throws -> [FileStatus] { try await hashed("/workspace") }

  /// What is different in the workspace since the sandbox became ready.
  package func workspaceChanges() async throws -> [FileChange] {
    Self.changes(from: state.withLock { $0.baseline }, to: try await workspaceFiles())
  }
}
