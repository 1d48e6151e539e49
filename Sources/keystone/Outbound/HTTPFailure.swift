/// Why a request brought no response.
public struct HTTPFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case resolve, connect, tls, timeout, tooLarge, forbidden, cancelled, malformed, `protocol`
    }

    private var kind: Kind

    /// The host's name has no address.
    public static let resolve = Code(kind: .resolve)
    /// No address of the host took the connection.
    public static let connect = Code(kind: .connect)
    /// The server could not prove who it is, or spoke no TLS.
    public static let tls = Code(kind: .tls)
    /// The time of the request ran out.
    public static let timeout = Code(kind: .timeout)
    /// The response is larger than the request accepts.
    public static let tooLarge = Code(kind: .tooLarge)
    /// The destination policy refuses the address.
    public static let forbidden = Code(kind: .forbidden)
    /// The task was cancelled.
    public static let cancelled = Code(kind: .cancelled)
    /// The request itself cannot be sent: its URL, method or a header is wrong.
    public static let malformed = Code(kind: .malformed)
    /// The server broke the protocol or the connection.
    public static let `protocol` = Code(kind: .protocol)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// The kind of failure.
  public var code: Code
  /// One sentence: what failed, where, and what to do.
  public var message: String
  /// What libcurl or the system said, when it said something.
  public var cause: String?

  /// A failure with its sentence.
  public init(_ code: Code, _ message: String, cause: String? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The sentence.
  public var description: String { message }
}
