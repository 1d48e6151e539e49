package import KeystoneKit

/// Content up to this size is sent with the request to write it.
private let smallContent = 128 << 10

extension HelperSandbox {
  package func read(_ path: SandboxPath, offset: UInt64, limit: UInt64?, to output: ByteOutput) async throws
    -> FileStatus
  {
    var payload = PayloadWriter()
    payload.add(offset)
    payload.add(limit ?? .max)
    payload.add(path.bytes)
    let request = try connection.begin(.read, payload.bytes)
    return try await cancelling(request) {
      connection.grant(HelperProtocol.initialWindow, stream: 0, of: request.id)
      try await relay(request.output, stream: 0, of: request, to: output)
      return try await finish(request).entry(named: path)
    }
  }

  package func write(_ path: SandboxPath, mode: UInt32, area: FileArea, from input: ByteInput) async throws
    -> FileStatus
  {
    if area == .protected {
      return try await protectedArea.write(path, mode: mode, from: input)
    }
    var content: [UInt8] = []
    var isWhole = true
    for try await frame in input {
      content += frame
      if content.count > smallContent {
        isWhole = false
        break
      }
    }
    var payload = PayloadWriter()
    payload.add(mode)
    payload.add(isWhole ? UInt8(1) : 0)
    payload.add(path.bytes)
    if isWhole { payload.addRaw(content) }
    let request = try connection.begin(.write, payload.bytes)
    return try await cancelling(request) {
      if !isWhole { try await send(content, then: input, to: request) }
      return try await finish(request).entry(named: path)
    }
  }

  private func send(_ first: [UInt8], then rest: ByteInput, to request: HelperRequest) async throws {
    let head = Locked<[UInt8]?>(first)
    let all = ByteInput {
      let first = head.withLock { head in
        defer { head = nil }
        return head
      }
      if let first { return first }
      var iterator = rest.makeAsyncIterator()
      return try await iterator.next()
    }
    do {
      try await feed(all, to: request, as: .content, end: .contentEnd)
    } catch {
      connection.send(.cancel, request.id)
      throw error
    }
  }

  package func status(of path: SandboxPath) async throws -> FileStatus {
    var payload = PayloadWriter()
    payload.add(UInt8(0))
    payload.add(path.bytes)
    return try await finish(try connection.begin(.status, payload.bytes)).entry(named: path)
  }

  package func remove(_ path: SandboxPath) async throws {
    var payload = PayloadWriter()
    payload.add(UInt8(1))
    payload.add(path.bytes)
    let request = try connection.begin(.remove, payload.bytes)
    do {
      _ = try await cancelling(request) { try await finish(request) }
    } catch let error as PluginError where error.code == .notFound {
      return
    }
  }

  package func list(_ path: SandboxPath, recursive: Bool, each: (FileStatus) async throws -> Void) async throws {
    var payload = PayloadWriter()
    payload.add(recursive ? UInt8(1) : 0)
    payload.add(path.bytes)
    try await entries(of: try connection.begin(.list, payload.bytes), each)
  }

  package func hash(_ path: SandboxPath, each: (FileStatus) async throws -> Void) async throws {
    var payload = PayloadWriter()
    payload.add(path.bytes)
    try await entries(of: try connection.begin(.tree, payload.bytes), each)
  }

  private func entries(of request: HelperRequest, _ each: (FileStatus) async throws -> Void) async throws {
    try await cancelling(request) {
      connection.grant(HelperProtocol.initialWindow, stream: 0, of: request.id)
      while let frame = try await request.control.next() {
        if frame.reply == .failed { throw frame.failure("") }
        guard frame.reply == .entries else { continue }
        for entry in frame.entries { try await each(entry) }
        connection.grant(frame.payload.count, stream: 0, of: request.id)
      }
    }
  }

  /// Ends `request` when the task is cancelled or `body` gives up before the last answer.
  private func cancelling<Result>(
    _ request: HelperRequest, _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      let result = try await withTaskCancellationHandler {
        try await body()
      } onCancel: {
        connection.send(.cancel, request.id)
      }
      try Task.checkCancellation()
      return result
    } catch {
      connection.send(.cancel, request.id)
      throw error
    }
  }
}
