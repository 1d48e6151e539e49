/// Why a text is not JSON.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was expected and what stood there instead.
  public let message: String

  /// Where the text stops being JSON, in bytes from its beginning.
  public let offset: Int

  /// Creates an error that points at a byte.
  public init(message: String, offset: Int) {
    self.message = message
    self.offset = offset
  }

  /// One sentence with the place and what to correct there.
  public var description: String { "The JSON is invalid at byte \(offset): \(message)." }
}
