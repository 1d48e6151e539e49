import Glibc
public import KeystoneKit

extension FolderSandbox {
  /// Runs a program until its main process ends.
  public func execute(_ command: Command, streams: CommandStreams) async throws -> CommandStatus {
    // A program that stops reading must not end the process that feeds it.
    _ = Self.ignoresBrokenPipes
    let variables = variables(for: command)
    guard !command.arguments.contains(where: { $0.contains("\0") }) else {
      throw PluginError(.invalid, "an argument holds a NUL byte, which no program can be given")
    }
    let directory = try directory(of: command)
    let program = try Self.find(command.arguments[0], in: directory, path: variables["PATH"] ?? "")
    let start = ContinuousClock.now
    let process = try FolderProcess(
      program: program, arguments: command.arguments, variables: variables, directory: directory, mark: try nextMark(),
      streams: streams)
    let end = try await withTaskCancellationHandler {
      try await run(process, command, streams)
    } onCancel: {
      process.kill()
    }
    try Task.checkCancellation()
    let signal = end.status & 0x7F
    return CommandStatus(
      exitCode: signal == 0 ? Int((end.status >> 8) & 0xFF) : nil, signal: signal == 0 ? nil : Int(signal),
      timedOut: end.timedOut, durationMilliseconds: Int(start.duration(to: .now).wholeMilliseconds))
  }

  private static let ignoresBrokenPipes = signal(SIGPIPE) { _ in }

  private func run(
    _ process: FolderProcess, _ command: Command, _ streams: CommandStreams
  ) async throws -> (status: Int32, timedOut: Bool) {
    let feeder = Task { await process.feed(streams.input) }
    let killer = command.timeoutMilliseconds.map { limit in
      Task {
        try await Task.sleep(for: .milliseconds(limit))
        process.kill(timedOut: true)
      }
    }
    defer {
      feeder.cancel()
      killer?.cancel()
    }
    do {
      async let output: Void = process.relay(FolderProcess.stdout, to: streams.output)
      async let errors: Void = process.relay(FolderProcess.stderr, to: streams.errorOutput)
      _ = try await (output, errors)
    } catch {
      // Whoever reads the output is gone, and with it the reason to run.
      process.kill()
      _ = try await process.end()
      throw error
    }
    return try await process.end()
  }

  private func directory(of command: Command) throws -> String {
    guard let wanted = command.directory else { return workspace }
    let place: String
    if wanted == "/workspace" || wanted.hasPrefix("/workspace/") {
      place = workspace + wanted.dropFirst("/workspace".count)
    } else {
      place = wanted.hasPrefix("/") ? wanted : "\(workspace)/\(wanted)"
    }
    var status = stat()
    guard stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw PluginError(.notFound, "the working directory \(wanted) does not exist in the sandbox")
    }
    return place
  }

  /// The program's file, looked up as a shell does.
  private static func find(_ name: String, in directory: String, path: String) throws -> String {
    if name.contains("/") {
      let file = name.hasPrefix("/") ? name : "\(directory)/\(name)"
      guard access(file, F_OK) == 0 else { throw PluginError(.notFound, "the program \(name) does not exist") }
      return file
    }
    let folders = path.split(separator: ":").map(String.init)
    guard let folder = folders.first(where: { access("\($0)/\(name)", X_OK) == 0 }) else {
      throw PluginError(.notFound, "the program \(name) is not on the PATH \(path)")
    }
    return "\(folder)/\(name)"
  }
}
