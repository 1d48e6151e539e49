/// A path with parameters, such as `/v1/sandboxes/{id}/files/{path...}`.
struct RoutePath: Sendable {
  enum Segment: Sendable, Hashable {
    case literal(String)
    case parameter(String)
    /// Takes the rest of the path as it came, double slashes included.
    case rest(String)
  }

  let text: String
  let segments: [Segment]

  init(_ text: String) {
    self.text = text
    segments = text.split(separator: "/").map { part in
      guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
      let name = part.dropFirst().dropLast()
      return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .parameter(String(name))
    }
  }

  /// The names of its parameters, in order.
  var parameters: [String] {
    segments.compactMap { segment in
      switch segment {
      case .literal: nil
      case .parameter(let name), .rest(let name): name
      }
    }
  }
}
