/// The way from the root of a document to a node, such as `services[0].image`.
struct SpecPath: Sendable, Hashable, CustomStringConvertible {
  enum Component: Sendable, Hashable {
    case key(String)
    case index(Int)
  }

  var components: [Component]

  init(_ components: [Component] = []) { self.components = components }

  static func / (path: SpecPath, key: String) -> SpecPath { SpecPath(path.components + [.key(key)]) }
  static func / (path: SpecPath, index: Int) -> SpecPath { SpecPath(path.components + [.index(index)]) }

  var description: String {
    var text = ""
    for component in components {
      switch component {
      case .index(let index): text += "[\(index)]"
      case .key(let key) where Self.isPlain(key): text += (text.isEmpty ? "" : ".") + key
      case .key(let key): text += "[\"\(Excerpt.clean(key, limit: 60))\"]"
      }
    }
    return text
  }

  private static func isPlain(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.count <= 60
      && key.utf8.allSatisfy { byte in
        let lower = byte | 0x20
        return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") || Digits.isDigit(byte)
          || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/")
      }
  }
}

/// Reads the JSON paths with which plugins point into their parameters.
enum JSONPath {
  /// The steps of `$.a.b[0]["c d"]`; the leading `$` may be missing, and what cannot be read ends the path.
  static func components(of path: String) -> [SpecPath.Component] {
    var rest = path[...]
    if rest.first == "$" { rest.removeFirst() }
    var components: [SpecPath.Component] = []
    while let first = rest.first {
      if first == "." { rest.removeFirst() }
      guard let component = rest.first == "[" ? bracketed(&rest) : named(&rest) else { break }
      components.append(component)
    }
    return components
  }

  private static func named(_ rest: inout Substring) -> SpecPath.Component? {
    let name = rest.prefix { $0 != "." && $0 != "[" }
    guard !name.isEmpty else { return nil }
    rest = rest[name.endIndex...]
    return .key(String(name))
  }

  private static func bracketed(_ rest: inout Substring) -> SpecPath.Component? {
    rest.removeFirst()
    if let quote = rest.first, quote == "\"" || quote == "'" {
      rest.removeFirst()
      guard let end = rest.firstIndex(of: quote) else { return nil }
      let name = String(rest[..<end])
      rest = rest[rest.index(after: end)...]
      guard rest.first == "]" else { return nil }
      rest.removeFirst()
      return .key(name)
    }
    guard let end = rest.firstIndex(of: "]") else { return nil }
    let name = String(rest[..<end])
    rest = rest[rest.index(after: end)...]
    return Int(name).map { .index($0) } ?? .key(name)
  }
}
