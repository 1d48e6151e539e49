/// Why what a client sent cannot be kept.
public struct InvalidRecord: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence that ends in what to send instead.
  public var message: String

  /// A refusal with its sentence.
  public init(_ message: String) { self.message = message }

  /// The sentence.
  public var description: String { message }
}
