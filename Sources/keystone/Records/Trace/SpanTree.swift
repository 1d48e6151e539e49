public import KeystoneKit

/// The spans of one trace as a tree.
public enum SpanTree {
  /// The roots, each with its `children`; a span whose parent is missing, or that is its own ancestor, is a root.
  public static func roots(of spans: [JSONValue]) -> [JSONValue] {
    var children: [String: [JSONValue]] = [:]
    var roots: [JSONValue] = []
    let known = Set(spans.compactMap { $0["span_id"]?.string })
    for span in spans {
      if let parent = span["parent_span_id"]?.string, known.contains(parent) {
        children[parent, default: []].append(span)
      } else {
        roots.append(span)
      }
    }
    var placed: Set<String> = []
    var trees = roots.map { tree($0, children, &placed, depth: 0) }
    for span in spans where span["span_id"]?.string.map({ !placed.contains($0) }) ?? false {
      trees.append(tree(span, children, &placed, depth: 0))
    }
    return trees
  }

  /// Deeper trees are cut, so that no trace can exhaust the stack.
  private static let deepest = 200

  private static func tree(
    _ span: JSONValue, _ children: [String: [JSONValue]], _ placed: inout Set<String>, depth: Int
  ) -> JSONValue {
    var span = span
    guard let id = span["span_id"]?.string else { return span }
    placed.insert(id)
    var below: [JSONValue] = []
    for child in children[id] ?? [] where depth < deepest {
      if let name = child["span_id"]?.string, placed.contains(name) { continue }
      below.append(tree(child, children, &placed, depth: depth + 1))
    }
    span["children"] = .array(below)
    return span
  }
}
