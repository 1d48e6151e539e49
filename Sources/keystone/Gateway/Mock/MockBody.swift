import KeystoneKit

/// The body of a route, in which `{{ request.… }}` stands for parts of the request.
struct MockBody: Sendable {
  private let value: JSONValue

  /// A string stands for itself, anything else is sent as JSON.
  init(_ value: JSONValue) { self.value = value }

  /// The bytes for a request, and what they are.
  func render(_ values: MockValues) -> (bytes: [UInt8], type: String) {
    guard case .string(let text) = value else { return (Self.fill(value, values).bytes, "application/json") }
    let bytes = Array(Self.fill(text, values).utf8)
    let isJSON = bytes.first.map { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") } == true
    return (bytes, isJSON && (try? JSONValue(parsing: bytes)) != nil ? "application/json" : "text/plain; charset=utf-8")
  }

  /// In JSON a string that is nothing but a reference becomes the value itself, a number for example.
  private static func fill(_ value: JSONValue, _ values: MockValues) -> JSONValue {
    switch value {
    case .string(let text):
      let pieces = Self.pieces(of: text)
      if pieces.count == 1, let name = pieces[0].reference { return values[name] ?? .null }
      return .string(fill(text, values))
    case .array(let items): return .array(items.map { fill($0, values) })
    case .object(let members): return .object(members.mapValues { fill($0, values) })
    default: return value
    }
  }

  private static func fill(_ text: String, _ values: MockValues) -> String {
    pieces(of: text).map { piece in
      guard let name = piece.reference else { return piece.text }
      guard let value = values[name] else { return "" }
      return value.string ?? value.text
    }.joined()
  }

  private struct Piece {
    var text: String
    var reference: String?
  }

  private static func pieces(of text: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = text[...]
    while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
      let name = trimmed(rest[open.upperBound..<close.lowerBound])
      let isReference = name.hasPrefix("request.")
      let end = isReference ? open.lowerBound : close.upperBound
      if end > rest.startIndex { pieces.append(Piece(text: String(rest[..<end]))) }
      if isReference { pieces.append(Piece(text: "", reference: String(name.dropFirst("request.".count)))) }
      rest = rest[close.upperBound...]
    }
    if !rest.isEmpty { pieces.append(Piece(text: String(rest))) }
    return pieces
  }
}

/// What templates in bodies and headers of a mock stand for.
struct MockValues: Sendable {
  let request: MockRequest
  /// The named segments of the path.
  let segments: [String: String]
  /// How many requests the mock has had, this one included.
  let count: Int

  /// The value of what follows `request.`: `method`, `host`, `path`, `count`, `segments.NAME`, `query.NAME`,
  /// `headers.NAME`, `body`, or a member of the body such as `body.items.0.id`.
  subscript(_ name: String) -> JSONValue? {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    let rest = parts.count > 1 ? parts[1] : nil
    switch parts.first {
    case "method": return .string(request.method)
    case "host": return .string(request.host)
    case "path": return rest.map { segments[$0].map { .string($0) } } ?? .string(request.path)
    case "count": return .integer(Int64(count))
    case "segments": return rest.flatMap { segments[$0] }.map { .string($0) }
    case "query": return rest.flatMap { request.query[$0] }
    case "headers": return rest.flatMap { request.headers[$0.lowercased()] }.map { .string($0) }
    case "body":
      guard let rest else { return .string(String(decoding: request.body, as: UTF8.self)) }
      return request.json.flatMap { $0.member(at: rest) }
    default: return nil
    }
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
