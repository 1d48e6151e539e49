import KeystoneKit

/// A request that came to a mock, as routes, templates and assertions see it.
struct MockRequest: Sendable {
  var method: String
  var scheme: String
  var host: String
  var port: Int
  /// The path and the query as they were sent.
  var target: String
  var headers: [String: String]
  var body: [UInt8]
  /// How many bytes of the body were not kept.
  var omittedBytes = 0

  /// The path, percent-encoding undone.
  var path: String { Self.decoded(target.prefix { $0 != "?" }, plusIsBlank: false) }

  /// The query's fields.
  var query: [String: JSONValue] { Self.fields(target.drop { $0 != "?" }.dropFirst()) }

  /// The body as a value, when it is JSON or a form.
  var json: JSONValue? {
    let type = headers["content-type"]?.prefix { $0 != ";" }.lowercased() ?? ""
    guard let first = body.first(where: { ![9, 10, 13, 32].contains($0) }) else { return nil }
    // `curl -d` calls everything a form.
    if type.hasSuffix("json") || first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      return try? JSONValue(parsing: body)
    }
    guard type == "application/x-www-form-urlencoded" else { return nil }
    return .object(Self.fields(String(decoding: body, as: UTF8.self)))
  }

  /// The request as it is kept.
  func recorded(
    _ sequence: Int, at timestamp: String, phase: String, status: Int, route: String?
  ) -> RecordedRequest {
    let text = String(validating: body, as: UTF8.self)
    return RecordedRequest(
      sequence: sequence, timestamp: timestamp, phase: phase, method: method, scheme: scheme, host: host, port: port,
      path: path, query: query, headers: headers, body: text ?? Base64.encode(body), json: json, isBase64: text == nil,
      omittedBytes: omittedBytes, status: status, route: route)
  }

  /// The fields of a query or a form; a repeated one becomes an array.
  static func fields(_ text: some StringProtocol) -> [String: JSONValue] {
    var fields: [String: JSONValue] = [:]
    for pair in text.split(separator: "&").prefix(1000) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = decoded(parts[0], plusIsBlank: true)
      let value = JSONValue.string(parts.count > 1 ? decoded(parts[1], plusIsBlank: true) : "")
      switch fields[name] {
      case nil: fields[name] = value
      case .array(let values): fields[name] = .array(values + [value])
      case .some(let first): fields[name] = .array([first, value])
      }
    }
    return fields
  }

  private static func decoded(_ text: some StringProtocol, plusIsBlank: Bool) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let number = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
        rest.count >= 2
      {
        bytes.append(number)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(plusIsBlank && byte == UInt8(ascii: "+") ? 32 : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
