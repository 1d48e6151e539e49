/// A mapping or sequence whose end has not been read yet.
struct OpenCollection {
  let isMapping: Bool
  let anchor: String?
  private let start: Int
  private var items: [YAMLNode] = []
  private var entries: [YAMLEntry] = []
  private var keys: [String: Int] = [:]
  private var merged: [YAMLEntry] = []
  private var pendingKey: PendingKey?
  private var count = 1
  private var textBytes = 0
  private var height = 1

  private enum PendingKey {
    case name(String, Range<Int>)
    case merge
    case unusable
  }

  init(isMapping: Bool, anchor: String?, start: Int) {
    self.isMapping = isMapping
    self.anchor = anchor
    self.start = start
  }

  /// Takes the next item, key or value, and answers what is wrong with it.
  mutating func add(_ node: YAMLNode) -> [SpecProblem] {
    count += node.count
    textBytes += node.textBytes
    height = max(height, node.height + 1)
    guard isMapping else {
      items.append(node)
      return []
    }
    guard let key = pendingKey else { return addKey(node) }
    pendingKey = nil
    switch key {
    case .unusable: return []
    case .merge: return merge(node)
    case .name(let name, let range):
      entries.append(YAMLEntry(key: name, keyRange: range, value: node))
      return []
    }
  }

  /// The finished node: keys of its own first, then those that `<<` brought and that it does not have itself.
  func node() -> YAMLNode {
    var all = entries
    var seen = Set(keys.keys)
    for entry in merged where seen.insert(entry.key).inserted { all.append(entry) }
    var node = YAMLNode(content: isMapping ? .mapping(all) : .sequence(items), range: start..<start + 1)
    node.count = count
    node.textBytes = textBytes
    node.height = height
    return node
  }

  private mutating func addKey(_ node: YAMLNode) -> [SpecProblem] {
    guard let scalar = node.scalar else {
      pendingKey = .unusable
      let isTemplate = node.entries != nil
      return [
        problem(
          node.range, "a key must be text, not \(node.kind)", isTemplate ? YAMLSyntaxHint.quoteTemplate : nil)
      ]
    }
    if scalar.text == "<<", scalar.style == .plain {
      pendingKey = .merge
      guard keys.updateValue(node.range.lowerBound, forKey: "<<") == nil else {
        return [problem(node.range, "the key `<<` appears twice", "write `<<: [*one, *other]`")]
      }
      return []
    }
    guard !scalar.text.isEmpty else {
      pendingKey = .unusable
      return [problem(node.range, "a key is empty", nil)]
    }
    guard keys.updateValue(node.range.lowerBound, forKey: scalar.text) == nil else {
      pendingKey = .unusable
      return [
        problem(
          node.range, "the key `\(Excerpt.clean(scalar.text))` appears twice in the same map",
          "remove or rename one of the two")
      ]
    }
    pendingKey = .name(scalar.text, node.range)
    return []
  }

  private mutating func merge(_ node: YAMLNode) -> [SpecProblem] {
    let sources = node.items ?? [node]
    var problems: [SpecProblem] = []
    for source in sources {
      if let entries = source.entries {
        merged += entries
      } else {
        problems.append(problem(node.range, "`<<` takes a map or a list of maps, not \(source.kind)", nil))
      }
    }
    return problems
  }

  private func problem(_ range: Range<Int>, _ message: String, _ suggestion: String?) -> SpecProblem {
    SpecProblem(range: range, path: SpecPath(), message: message, suggestion: suggestion)
  }
}
