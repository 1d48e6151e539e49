import KeystoneKit
import KeystoneSpec

/// A length of time in a request: text such as `10m`, or a number of seconds.
struct RequestTimeout: Decodable {
  let duration: Duration?

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let value = try container.decode(JSONValue.self)
    switch value {
    case .null: duration = nil
    case .string(let text) where text.isEmpty: duration = nil
    case .string(let text): duration = try Self.checked(DurationText.parse(text), container)
    case .integer(let seconds): duration = try Self.checked(DurationText.parse("\(seconds)"), container)
    case .number(let seconds): duration = try Self.checked(DurationText.parse("\(seconds)"), container)
    default: duration = try Self.checked(nil, container)
    }
  }

  /// What 0 means is that nothing was asked for: one client cannot leave it out.
  private static func checked(
    _ duration: Duration?, _ container: any SingleValueDecodingContainer
  ) throws -> Duration? {
    guard let duration else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "must be a length of time such as \"10m\", or a number of seconds")
    }
    return duration == .zero ? nil : duration
  }

  static let schema: JSONValue = [
    "type": ["string", "integer", "null"], "description": "Such as \"10m\", or a number of seconds.",
    "examples": ["10m", 600],
  ]
}
