/// Why the store did not do what it was asked to.
public struct StoreFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure; more may be added.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String {
      case unusable, newer, damaged, full, busy, notFound, conflict
    }

    private var kind: Kind

    /// The file cannot be opened, read or written, or is something else.
    public static let unusable = Code(kind: .unusable)
    /// A later version of Keystone wrote the file.
    public static let newer = Code(kind: .newer)
    /// The file's content is broken.
    public static let damaged = Code(kind: .damaged)
    /// No space is left on the disk.
    public static let full = Code(kind: .full)
    /// Another process held the file for too long.
    public static let busy = Code(kind: .busy)
    /// There is no experiment or scenario of that id.
    public static let notFound = Code(kind: .notFound)
    /// The change contradicts what is stored.
    public static let conflict = Code(kind: .conflict)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// The kind of failure.
  public var code: Code
  /// One sentence: what failed, where, and what to do.
  public var message: String
  /// What SQLite or the system said, when it said something.
  public var cause: String?

  /// A failure with its sentence.
  public init(_ code: Code, _ message: String, cause: String? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The sentence, and its cause in brackets.
  public var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
