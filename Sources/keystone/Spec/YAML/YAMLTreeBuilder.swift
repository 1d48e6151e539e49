import KeystoneKit

/// Builds nodes from events, within limits.
///
/// An alias shares the node it names and is charged for all that the node stands for, so that a document whose aliases
/// multiply is refused without ever being written out.
struct YAMLTreeBuilder {
  private(set) var root: YAMLNode?
  private(set) var problems: [SpecProblem] = []
  private let limits: YAMLLimits
  private var open: [OpenCollection] = []
  private var anchors: [String: YAMLNode] = [:]
  private var hasDocument = false
  private var count = 0
  private var textBytes = 0

  init(limits: YAMLLimits) { self.limits = limits }

  /// Takes the next event; `false` means that reading cannot go on.
  mutating func take(_ event: YAMLEvent) -> Bool {
    switch event.kind {
    case .streamEnd: return true
    case .documentStart: return startDocument(event.range)
    case .scalar(let text, let style, let tag, let anchor):
      return addScalar(text, style: style, tag: tag, anchor: anchor, range: event.range)
    case .alias(let name): return addAlias(name, range: event.range)
    case .sequenceStart(let tag, let anchor):
      return openCollection(isMapping: false, tag: tag, anchor: anchor, range: event.range)
    case .mappingStart(let tag, let anchor):
      return openCollection(isMapping: true, tag: tag, anchor: anchor, range: event.range)
    case .collectionEnd: return closeCollection()
    }
  }

  private mutating func startDocument(_ range: Range<Int>) -> Bool {
    guard !hasDocument else {
      report(
        range, "the file has more than one document", "one spec per file",
        "move what follows `---` to a file of its own")
      return false
    }
    hasDocument = true
    return true
  }

  private mutating func addScalar(
    _ text: String, style: YAMLScalar.Style, tag: String?, anchor: String?, range: Range<Int>
  ) -> Bool {
    let size = text.utf8.count
    guard size <= limits.scalarBytes else {
      report(
        range, "the text has \(size) bytes, more than one value may have", "at most \(limits.scalarBytes) bytes",
        "move large data into a file that a fixture loads")
      return false
    }
    if text.utf8.contains(0) { report(range, "the text contains a NUL character", nil, "remove `\\0`") }
    var node = YAMLNode(content: .scalar(scalar(text, style: style, tag: tag, range: range)), range: range)
    node.textBytes = size
    guard charge(node, at: range) else { return false }
    add(node, anchor: anchor)
    return true
  }

  private mutating func scalar(
    _ text: String, style: YAMLScalar.Style, tag: String?, range: Range<Int>
  ) -> YAMLScalar {
    do {
      return try YAMLScalar(text: text, style: style, tag: tag)
    } catch {
      report(range, error.message, nil, error.suggestion)
      return YAMLScalar(text: text, style: .doubleQuoted, value: .string(text))
    }
  }

  private mutating func addAlias(_ name: String, range: Range<Int>) -> Bool {
    guard let node = anchors[name] else {
      let isOpen = open.contains { $0.anchor == name }
      report(
        range,
        isOpen
          ? "the alias `*\(Excerpt.clean(name))` stands inside the node it names"
          : "the alias `*\(Excerpt.clean(name))` names no anchor above it",
        nil, isOpen ? nil : Suggestion.didYouMean(name, among: anchors.keys))
      add(YAMLNode(content: .scalar(YAMLScalar(text: "", style: .plain, value: .null)), range: range), anchor: nil)
      return true
    }
    guard charge(node, at: range), checkDepth(open.count + node.height, at: range) else { return false }
    add(node, anchor: nil)
    return true
  }

  private mutating func openCollection(isMapping: Bool, tag: String?, anchor: String?, range: Range<Int>) -> Bool {
    if let tag, tag != "!", tag != "tag:yaml.org,2002:" + (isMapping ? "map" : "seq") {
      report(range, "the tag `\(Excerpt.clean(tag))` has no meaning in a spec", nil, "remove the tag")
    }
    open.append(OpenCollection(isMapping: isMapping, anchor: anchor, start: range.lowerBound))
    return checkDepth(open.count, at: range) && charge(YAMLNode(content: .sequence([]), range: range), at: range)
  }

  private mutating func closeCollection() -> Bool {
    guard let closed = open.popLast() else { return true }
    add(closed.node(), anchor: closed.anchor)
    return true
  }

  private mutating func add(_ node: YAMLNode, anchor: String?) {
    if let anchor { anchors[anchor] = node }
    guard let last = open.indices.last else {
      root = node
      return
    }
    problems += open[last].add(node)
  }

  private mutating func charge(_ node: YAMLNode, at range: Range<Int>) -> Bool {
    count += node.count
    textBytes += node.textBytes
    guard count <= limits.nodes else {
      report(range, "the document has too many values, aliases written out", "at most \(limits.nodes) values", nil)
      return false
    }
    guard textBytes <= limits.textBytes else {
      report(range, "the document has too much text, aliases written out", "at most \(limits.textBytes) bytes", nil)
      return false
    }
    return true
  }

  private mutating func checkDepth(_ depth: Int, at range: Range<Int>) -> Bool {
    guard depth > limits.depth else { return true }
    report(range, "the document is nested too deeply", "at most \(limits.depth) levels", nil)
    return false
  }

  private mutating func report(_ range: Range<Int>, _ message: String, _ expected: String?, _ suggestion: String?) {
    problems.append(
      SpecProblem(range: range, path: SpecPath(), message: message, expected: expected, suggestion: suggestion))
  }
}
