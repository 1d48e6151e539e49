/// A program that runs in the sandbox.
public struct RunningCommand: Sendable {
  private let call: OutgoingCall
  private let feeder: Task<Void, Never>?

  init(
    _ command: Command, input: ByteInput?, service: String, target: String? = nil, image: String? = nil,
    host: HostConnection
  ) throws {
    var command = command
    command.hasInput = input != nil
    let call = try host.begin(service, SandboxCall(command: command, service: target, image: image))
    self.call = call
    // A program may exit without reading its input; that is its business, so a failing write is no error here.
    feeder = input.map { input in
      Task {
        let output = call.output(0)
        do {
          for try await frame in input { try await output.write(frame) }
        } catch {}
        output.end()
      }
    }
  }

  /// Its stdout.
  public var output: ByteInput { ByteInput(call.input(1)) }

  /// Its stderr.
  public var errorOutput: ByteInput { ByteInput(call.input(2)) }

  /// Waits for its end and keeps the first, or last, `limit` bytes of each of its outputs.
  func output(keeping limit: Int, of part: KeptPart) async throws -> CommandOutput {
    async let output = Kept(part, of: self.output, limit: limit)
    async let errorOutput = Kept(part, of: self.errorOutput, limit: limit)
    let (kept, keptErrors) = try await (output, errorOutput)
    return CommandOutput(
      status: try await status(), output: kept.bytes, errorOutput: keptErrors.bytes,
      isTruncated: kept.isTruncated || keptErrors.isTruncated)
  }

  /// Kills it with its whole process tree.
  public func kill() { call.cancel() }

  /// Waits for its end; cancelling the task kills it.
  public func status() async throws -> CommandStatus {
    defer { feeder?.cancel() }
    let body = try await call.result()
    return try JSONValueDecoder().decode(CommandStatus.self, from: JSONValue(parsing: body))
  }
}

/// How a program ended and what it wrote.
public struct CommandOutput: Sendable {
  /// How it ended.
  public var status: CommandStatus
  /// What it wrote to stdout.
  public var output: [UInt8]
  /// What it wrote to stderr.
  public var errorOutput: [UInt8]
  /// Whether more was written than is kept.
  public var isTruncated: Bool

  /// Its stdout as text, with U+FFFD where it is not UTF-8.
  public var text: String { String(decoding: output, as: UTF8.self) }

  /// Its stderr as text, with U+FFFD where it is not UTF-8.
  public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
}

/// The beginning or the end of a stream; the rest is read and thrown away, so that its writer goes on.
struct Kept {
  var bytes: [UInt8] = []
  var isTruncated = false

  init(_ part: KeptPart, of input: ByteInput, limit: Int) async throws {
    for try await frame in input {
      switch part {
      case .first:
        let room = limit - bytes.count
        bytes += frame.prefix(room)
        if frame.count > room { isTruncated = true }
      case .last:
        bytes += frame
        // Cut at twice the limit, so that each byte is moved once on average.
        if bytes.count > 2 * limit { cut(to: limit) }
      }
    }
    cut(to: limit)
  }

  private mutating func cut(to limit: Int) {
    guard bytes.count > limit else { return }
    bytes.removeFirst(bytes.count - limit)
    isTruncated = true
  }
}

extension ByteInput {
  init(_ channel: ChannelInput) { self.init { try await channel.next() } }
}

extension ByteOutput {
  init(_ channel: ChannelOutput) { self.init({ try await channel.write($0) }, end: { channel.end() }) }
}
