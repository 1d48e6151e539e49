/// Bytes that come in, frame by frame; the sender waits while nobody asks for the next one.
public struct ByteInput: AsyncSequence, Sendable {
  /// A frame of one byte or more.
  public typealias Element = [UInt8]

  private let source: @Sendable () async throws -> [UInt8]?

  /// Bytes from a function that answers `nil` at the end.
  public init(_ source: @escaping @Sendable () async throws -> [UInt8]?) { self.source = source }

  /// Bytes that are already there.
  public init(_ bytes: [UInt8]) {
    let rest = OneFrame(bytes)
    self.source = { rest.take() }
  }

  /// The iterator of a ``ByteInput``.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let input: ByteInput

    /// The next frame, or `nil` at the end.
    public mutating func next() async throws -> [UInt8]? { try await input.source() }
  }

  /// An iterator; a stream is read once.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(input: self) }

  /// Everything that comes, at most `limit` bytes; throws ``PluginError/Code/exhausted`` when more comes.
  public func collect(upTo limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let frame = try await source() {
      guard bytes.count + frame.count <= limit else {
        throw PluginError(.exhausted, "more than \(limit) bytes came where at most that many are read")
      }
      bytes += frame
    }
    return bytes
  }
}

/// Where bytes go; a write waits while the receiver does not keep up.
public struct ByteOutput: Sendable {
  private let sink: @Sendable ([UInt8]) async throws -> Void
  private let finish: @Sendable () -> Void

  /// A function that takes each frame, and one that is told of the end.
  public init(_ sink: @escaping @Sendable ([UInt8]) async throws -> Void, end: @escaping @Sendable () -> Void = {}) {
    self.sink = sink
    self.finish = end
  }

  /// Sends `bytes`.
  public func write(_ bytes: [UInt8]) async throws { try await sink(bytes) }

  /// Says that nothing more comes.
  public func end() { finish() }
}

/// The three standard streams of a program.
public struct CommandStreams: Sendable {
  /// What the program reads; `nil` means end of file at once.
  public var input: ByteInput?
  /// Where its stdout goes; thrown away when `nil`.
  public var output: ByteOutput?
  /// Where its stderr goes; thrown away when `nil`.
  public var errorOutput: ByteOutput?

  /// The given streams.
  public init(input: ByteInput? = nil, output: ByteOutput? = nil, errorOutput: ByteOutput? = nil) {
    self.input = input
    self.output = output
    self.errorOutput = errorOutput
  }
}

private final class OneFrame: Sendable {
  private let frame: Locked<[UInt8]?>

  init(_ bytes: [UInt8]) { frame = Locked(bytes.isEmpty ? nil : bytes) }

  func take() -> [UInt8]? {
    frame.withLock { frame in
      defer { frame = nil }
      return frame
    }
  }
}
