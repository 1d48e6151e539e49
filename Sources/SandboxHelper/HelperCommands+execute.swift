package import KeystoneKit

/// How long a command has between SIGTERM and SIGKILL, in milliseconds.
private let grace: UInt32 = 500

extension HelperCommands {
  /// Runs a program, as ``RuntimeSandbox/execute(_:streams:)`` says.
  package func perform(_ command: Command, streams: CommandStreams) async throws -> CommandStatus {
    let begin = ContinuousClock.now
    let request = try connection.begin(.execute, payload(of: command, streams))
    // Cancelled at the end of this function: nobody reads any more then.
    async let _: Void = feed(streams.input, to: request, as: .input, end: .inputEnd)
    async let output: Void = relay(request.output, stream: 1, of: request, to: streams.output)
    async let errorOutput: Void = relay(request.errorOutput, stream: 2, of: request, to: streams.errorOutput)
    var status = try await withTaskCancellationHandler {
      try await end(of: request, command)
    } onCancel: {
      connection.send(.kill, request.id, Self.gracePayload)
    }
    try await output
    try await errorOutput
    try Task.checkCancellation()
    status.durationMilliseconds = Int((ContinuousClock.now - begin) / .milliseconds(1))
    return status
  }

  private static var gracePayload: [UInt8] {
    var payload = PayloadWriter()
    payload.add(grace)
    return payload.bytes
  }

  private func payload(of command: Command, _ streams: CommandStreams) -> [UInt8] {
    var payload = PayloadWriter()
    let timeout = command.timeoutMilliseconds.map { UInt32(clamping: max(1, $0)) } ?? 0
    payload.add(timeout)
    payload.add(grace)
    payload.add(streams.input == nil ? UInt8(0) : 1)
    payload.add(streams.output == nil ? UInt8(0) : 1)
    payload.add(streams.errorOutput == nil ? UInt8(0) : 1)
    payload.add(UInt64(HelperProtocol.initialWindow))
    payload.add(UInt64(HelperProtocol.initialWindow))
    payload.add((command.directory ?? "").utf8)
    let environment = variables.list(adding: command.environment, isPristine: command.isPristine)
    for list in [command.arguments, environment] {
      payload.add(UInt32(list.count))
      for text in list { payload.add(text.utf8) }
    }
    payload.add(UInt64(command.watch?.tag ?? 0))
    payload.add(command.watch?.bits ?? 0)
    return payload.bytes
  }

  private func end(of request: HelperRequest, _ command: Command) async throws(PluginError) -> CommandStatus {
    var status: CommandStatus?
    while let frame = try await request.control.next() {
      switch frame.reply {
      case .exit: status = frame.commandStatus
      case .failed: throw frame.failure("cannot run '\(command.arguments.first ?? "")' in the sandbox")
      default: break
      }
    }
    guard let status else {
      throw PluginError(.internal, "the sandbox's first process did not tell how a command ended")
    }
    return status
  }

  /// Passes on what arrives and grants credit for what was taken.
  func relay(
    _ mailbox: Mailbox<[UInt8]>, stream: UInt8, of request: HelperRequest, to output: ByteOutput?
  ) async throws {
    var failure: (any Error)?
    while let bytes = try await mailbox.next() {
      guard failure == nil else { continue }
      do {
        try await output?.write(bytes)
        connection.grant(bytes.count, stream: stream, of: request.id)
      } catch {
        // Nobody takes the output any more; the request still ends in order.
        failure = error
        connection.send(.cancel, request.id)
      }
    }
    if let failure { throw failure }
  }

  /// Sends `input` as far as the first process takes it.
  func feed(
    _ input: ByteInput?, to request: HelperRequest, as type: HelperProtocol.Request, end: HelperProtocol.Request
  ) async throws {
    guard let input else { return }
    var window = HelperProtocol.initialWindow
    for try await frame in input {
      var rest = frame[...]
      while !rest.isEmpty {
        while window == 0 {
          guard let more = try await request.window.next() else { return }
          window += more
        }
        let part = rest.prefix(min(window, 64 << 10))
        connection.send(type, request.id, Array(part))
        window -= part.count
        rest = rest.dropFirst(part.count)
      }
    }
    connection.send(end, request.id)
  }
}

extension CommandWatch {
  /// As `enum ks_watch` of the attachment's header has it.
  fileprivate var bits: UInt32 { (processes ? 1 : 0) | (writes ? 2 : 0) | (reads ? 4 : 0) }
}
