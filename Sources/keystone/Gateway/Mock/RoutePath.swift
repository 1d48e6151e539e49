/// The path of a route: segments, of which `{name}` and `*` stand for any one, and a final `**` for any number.
struct RoutePath: Hashable, Sendable {
  private enum Segment: Hashable {
    case text(String)
    case any(name: String?)
    case rest
  }

  let text: String
  private let segments: [Segment]

  /// Reads a path.
  init(_ text: String) {
    self.text = text
    segments = Self.split(text).map { part in
      if part == "**" { return .rest }
      if part == "*" { return .any(name: nil) }
      if part.hasPrefix("{"), part.hasSuffix("}") { return .any(name: String(part.dropFirst().dropLast())) }
      return .text(String(part))
    }
  }

  /// The named segments of a path that this one stands for; `nil` when it does not.
  func match(_ path: String) -> [String: String]? {
    var names: [String: String] = [:]
    let parts = Self.split(path)
    for (index, segment) in segments.enumerated() {
      if case .rest = segment { return names }
      guard index < parts.count else { return nil }
      switch segment {
      case .text(let text): if text != parts[index] { return nil }
      case .any(let name):
        if parts[index].isEmpty { return nil }
        if let name { names[name] = String(parts[index]) }
      case .rest: break
      }
    }
    return parts.count == segments.count ? names : nil
  }

  /// The segments; a final slash is no segment.
  private static func split(_ path: String) -> [Substring] {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    if parts.last?.isEmpty == true { parts.removeLast() }
    return Array(parts)
  }
}
