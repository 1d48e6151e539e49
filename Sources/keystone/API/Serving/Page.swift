internal import FoundationEssentials
package import KeystoneKit

/// A page that a list route was asked for: `limit` and `cursor` of the query.
package struct Page: Sendable {
  /// The page size when the request names none.
  package static let usual = 100
  /// The largest page.
  package static let largest = 1000

  /// The parameters of the query, for the description of a route.
  package static let parameters: [RouteDescription.Parameter] = [
    .init(
      "limit", "The largest number of items.", schema: ["type": "integer", "minimum": 1, "maximum": 1000]),
    .init("cursor", "Where to go on: `next_cursor` of the page before."),
  ]

  /// How many items at most.
  package let limit: Int
  /// After which key to go on: what ``answer(_:next:)`` was given as `next`; `nil` at the beginning.
  package let after: [JSONValue]?

  /// Reads what a request asks for.
  package init(_ query: Query) throws {
    // A client may ask for more than a page holds; it goes on by the cursor.
    limit = min(try query.integer("limit", in: 1...Int(Int32.max)) ?? Self.usual, Self.largest)
    after = try query["cursor"].map(Self.decode)
  }

  /// Makes the answer `{items, next_cursor, count}`.
  ///
  /// - Parameters:
  ///   - items: The items of the page.
  ///   - next: The key of the last item when there are more; a keyset, so that rows that come or go meanwhile
  ///     make no item appear twice.
  /// - Returns: The answer.
  package static func answer(_ items: [JSONValue], next: [JSONValue]?) -> APIResponse {
    .json([
      "items": .array(items), "count": .integer(Int64(items.count)),
      "next_cursor": next.map { .string(encode($0)) } ?? .null,
    ])
  }

  /// A cursor that needs no escaping anywhere: base64url without padding.
  static func encode(_ key: [JSONValue]) -> String {
    Data(JSONValue.array(key).bytes).base64EncodedString()
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  static func decode(_ cursor: String) throws -> [JSONValue] {
    var text = cursor.replacing("-", with: "+").replacing("_", with: "/")
    text += String(repeating: "=", count: (4 - text.count % 4) % 4)
    guard let data = Data(base64Encoded: text), let key = try? JSONValue(parsing: [UInt8](data)).array else {
      throw APIError(.invalid, "The cursor is none of this server's; leave it out to begin anew.")
    }
    return key
  }
}
