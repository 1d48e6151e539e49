import KeystoneKit

/// The fields of a recorded request by name.
enum RequestField {
  private static let plain = [
    "method", "scheme", "host", "port", "path", "body", "status", "route", "json", "query", "headers",
  ]
  private static let deep = ["json.", "query.", "headers.", "header.", "body."]

  /// What there is, for people.
  static let list =
    "there are \(plain.joined(separator: ", ")), and members such as json.NAME, query.NAME, headers.NAME"

  /// Whether a name is one of a field.
  static func isKnown(_ name: String) -> Bool {
    plain.contains(name) || deep.contains { name.hasPrefix($0) && name.count > $0.count }
  }

  /// The value of a field; `nil` when the request has none.
  static func value(_ name: String, of request: RecordedRequest) -> JSONValue? {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    let rest = parts.count > 1 ? parts[1] : nil
    switch parts.first {
    case "method": return .string(request.method)
    case "scheme": return .string(request.scheme)
    case "host": return .string(request.host)
    case "port": return .integer(Int64(request.port))
    case "path": return .string(request.path)
    case "status": return .integer(Int64(request.status))
    case "route": return request.route.map { .string($0) }
    case "query": return rest.map { request.query[$0] } ?? .object(request.query)
    case "headers", "header":
      guard let rest else { return .object(request.headers.mapValues { .string($0) }) }
      return request.headers[rest.lowercased()].map { .string($0) }
    case "json": return rest.map { request.json?.member(at: $0) } ?? request.json
    case "body": return rest.map { request.json?.member(at: $0) } ?? .string(request.body)
    default: return nil
    }
  }

  /// What a bare name such as `to` stands for in a filter: a field of the body, else of the query.
  static func loose(_ name: String) -> ((RecordedRequest) -> [JSONValue?])? {
    guard !name.isEmpty, name != "request_count" else { return nil }
    return { request in [request.json?.member(at: name) ?? request.query[name]] }
  }
}

extension JSONValue {
  /// The member at a path such as `items.0.id`.
  func member(at path: String) -> JSONValue? {
    path.split(separator: ".").reduce(self as JSONValue?) { value, step in
      guard let value else { return nil }
      if let index = Int(step), let items = value.array { return items.indices.contains(index) ? items[index] : nil }
      return value[String(step)]
    }
  }
}
