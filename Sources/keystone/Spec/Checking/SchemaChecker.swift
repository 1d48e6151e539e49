import KeystoneKit

/// Checks nodes against JSON Schemas and notes every problem with its place.
///
/// It knows the part of JSON Schema 2020-12 that parameter schemas use: `type`, `enum`, `const`, the bounds of numbers,
/// strings, arrays and objects, `properties`, `required`, `additionalProperties`, `propertyNames`,
/// `dependentRequired`, `items`, `allOf`, `anyOf`, `oneOf`, and the formats of ``SchemaFormat``. Other keywords are
/// left to editors and to the plugin's own validation.
struct SchemaChecker {
  /// The types that plugins provide, for the host's schema, which refers to them.
  let types: TypeCatalog
  var problems: [SpecProblem] = []
  /// Whether a template may stand for a value that is not a string.
  var allowsTemplates = false

  /// The number of problems after which checking stops to look for more.
  static let enough = 1000

  init(types: TypeCatalog) { self.types = types }

  mutating func check(_ node: YAMLNode, _ schema: JSONValue, at path: SpecPath) {
    guard problems.count < Self.enough, let schema = schema.object else { return }
    if allowsTemplates, let text = node.string, node.isTemplate(text) { return }
    let before = problems.count
    checkType(node, schema, path)
    guard problems.count == before else { return }
    checkChoice(node, schema, path)
    switch node.content {
    case .scalar(let scalar): checkScalar(node, scalar, schema, path)
    case .sequence(let items): checkItems(node, items, schema, path)
    case .mapping(let entries): checkMembers(node, entries, schema, path)
    }
    checkCombinations(node, schema, path)
    if let point = schema[HostSchema.pointKeyword]?.string.flatMap(ExtensionPoint.init(rawValue:)) {
      checkPlugged(node, point, path)
    }
  }

  mutating func report(
    _ range: Range<Int>, _ path: SpecPath, _ message: String, expected: String? = nil, suggestion: String? = nil
  ) {
    problems.append(
      SpecProblem(range: range, path: path, message: message, expected: expected, suggestion: suggestion))
  }

  // MARK: Any kind of node

  private mutating func checkType(_ node: YAMLNode, _ schema: [String: JSONValue], _ path: SpecPath) {
    let names = JSONValue.object(schema).typeNames
    guard !names.isEmpty, !names.contains(where: { node.isOf(type: $0) }) else { return }
    let wanted = SchemaWords.types(names)
    report(
      node.range, path, "\(name(path)) must be \(wanted), \(node.isNull ? "but it is empty" : "not \(node.kind)")",
      expected: SchemaWords.expected(.object(schema)), suggestion: typeSuggestion(node, names))
    problems[problems.count - 1].isWrongKind = true
  }

  private func typeSuggestion(_ node: YAMLNode, _ names: [String]) -> String? {
    guard let scalar = node.scalar else { return nil }
    let text = scalar.text
    if names.contains("string"), !node.isNull { return "quote it: \"\(Excerpt.clean(text))\"" }
    guard case .string = scalar.value else { return nil }
    if scalar.style == .plain, names.contains("boolean") {
      if ["yes", "on", "y"].contains(text.lowercased()) { return "write `true`" }
      if ["no", "off", "n"].contains(text.lowercased()) { return "write `false`" }
    }
    if !Template(text).references.isEmpty { return "write the value itself, a template cannot stand here" }
    guard scalar.style.isQuoted, let plain = try? YAMLScalar(text: text, style: .plain, tag: nil) else { return nil }
    let unquoted = YAMLNode(content: .scalar(plain), range: node.range)
    return names.contains { unquoted.isOf(type: $0) } ? "remove the quotes" : nil
  }

  private mutating func checkChoice(_ node: YAMLNode, _ schema: [String: JSONValue], _ path: SpecPath) {
    let choices: [JSONValue]
    if let only = schema["const"] {
      choices = [only]
    } else if let listed = schema["enum"]?.array {
      choices = listed
    } else {
      return
    }
    let value = node.json
    guard !choices.contains(where: { $0.isSame(as: value) }) else { return }
    let shown = node.scalar.map { "`\(Excerpt.clean($0.text))`" } ?? node.kind
    report(
      node.range, path, "\(name(path)) cannot be \(shown)", expected: SchemaWords.choices(choices),
      suggestion: node.scalar.flatMap { Suggestion.didYouMean($0.text, among: choices.compactMap(\.string)) })
  }

  // MARK: Scalars

  private mutating func checkScalar(
    _ node: YAMLNode, _ scalar: YAMLScalar, _ schema: [String: JSONValue], _ path: SpecPath
  ) {
    if let number = scalar.value.double, let wrong = SchemaWords.violatedBound(number, schema) {
      report(
        node.range, path, "\(name(path)) is \(Excerpt.clean(scalar.text)), which is \(wrong)",
        expected: SchemaWords.expected(.object(schema)))
      return
    }
    if let text = scalar.value.string { checkLength(node, text, schema, path) }
    guard let format = schema["format"]?.string.flatMap(SchemaFormat.init(rawValue:)), scalar.hasFormat,
      !format.accepts(scalar.text)
    else { return }
    let shown = "`\(Excerpt.clean(scalar.text))`"
    report(
      node.range, path, "\(name(path)) cannot be \(shown)", expected: format.expected,
      suggestion: Template(scalar.text).references.isEmpty
        ? format.suggestion(for: scalar.text) : "write the value itself, a template cannot stand here")
  }

  private mutating func checkLength(
    _ node: YAMLNode, _ text: String, _ schema: [String: JSONValue], _ path: SpecPath
  ) {
    let least = schema["minLength"]?.int ?? 0
    let most = schema["maxLength"]?.int ?? .max
    let length = Int64(text.unicodeScalars.count)
    if length < least {
      let wanted = least == 1 ? "text" : "at least \(least) characters"
      report(node.range, path, "\(name(path)) is \(length == 0 ? "empty" : "too short")", expected: wanted)
    } else if length > most {
      report(node.range, path, "\(name(path)) is too long", expected: "at most \(most) characters")
    }
  }

  // MARK: Lists

  private mutating func checkItems(
    _ node: YAMLNode, _ items: [YAMLNode], _ schema: [String: JSONValue], _ path: SpecPath
  ) {
    checkCount(node, items.count, "entries", schema["minItems"], schema["maxItems"], path)
    guard let itemSchema = schema["items"] else { return }
    for (index, item) in items.enumerated() { check(item, itemSchema, at: path / index) }
  }

  mutating func checkCount(
    _ node: YAMLNode, _ count: Int, _ what: String, _ least: JSONValue?, _ most: JSONValue?, _ path: SpecPath
  ) {
    if let least = least?.int, Int64(count) < least {
      report(
        node.range, path, count == 0 ? "\(name(path)) is empty" : "\(name(path)) has only \(count) \(what)",
        expected: "at least \(least)")
    } else if let most = most?.int, Int64(count) > most {
      report(node.range, path, "\(name(path)) has \(count) \(what)", expected: "at most \(most)")
    }
  }

  // MARK: Combinations

  private mutating func checkCombinations(_ node: YAMLNode, _ schema: [String: JSONValue], _ path: SpecPath) {
    for part in schema["allOf"]?.array ?? [] { check(node, part, at: path) }
    if let branches = schema["anyOf"]?.array { checkBranches(node, branches, onlyOne: false, path) }
    if let branches = schema["oneOf"]?.array { checkBranches(node, branches, onlyOne: true, path) }
  }

  /// Reports the problems of the branch that comes closest when none fits.
  private mutating func checkBranches(_ node: YAMLNode, _ branches: [JSONValue], onlyOne: Bool, _ path: SpecPath) {
    let chosen = branches.filter { $0.isChosen(by: node) }
    if chosen.count == 1 { return check(node, chosen[0], at: path) }
    var matches = 0
    var closest: [SpecProblem] = []
    for branch in branches {
      var trial = SchemaChecker(types: types)
      trial.allowsTemplates = allowsTemplates
      trial.check(node, branch, at: path)
      if trial.problems.isEmpty { matches += 1 }
      let isCloser = trial.problems.distance(from: path) < closest.distance(from: path)
      if closest.isEmpty || isCloser { closest = trial.problems }
    }
    if matches == 0, closest.contains(where: { $0.path == path && $0.isWrongKind }) {
      report(
        node.range, path, "\(name(path)) has none of the allowed forms", expected: SchemaWords.alternatives(branches),
        suggestion: closest.compactMap(\.suggestion).first)
    } else if matches == 0 {
      problems += closest
    } else if matches > 1, onlyOne {
      report(
        node.range, path, "\(name(path)) fits more than one of the allowed forms",
        expected: "exactly one of \(SchemaWords.alternatives(branches))")
    }
  }

  func name(_ path: SpecPath) -> String {
    let end = path.components.lastIndex { component in
      if case .key = component { return true }
      return false
    }
    guard let end else { return "the spec" }
    return "`\(SpecPath(Array(path.components[end...])))`"
  }
}

extension [SpecProblem] {
  /// How far a failed branch is from fitting: one that wants another kind of node is further than any other.
  fileprivate func distance(from path: SpecPath) -> Int {
    count + (contains { $0.isWrongKind && $0.path == path } ? SchemaChecker.enough : 0)
  }
}

extension JSONValue {
  /// Whether a map names this branch by the constant that only this branch has, such as `type: http_mock`.
  fileprivate func isChosen(by node: YAMLNode) -> Bool {
    (self["properties"]?.object ?? [:]).contains { key, property in
      guard let wanted = property["const"], let value = node[key] else { return false }
      return wanted.isSame(as: value.json)
    }
  }
}

extension YAMLScalar {
  /// Whether formats apply: to strings, and to the numbers that may stand for durations and sizes.
  fileprivate var hasFormat: Bool {
    switch value {
    case .string, .integer, .number: true
    default: false
    }
  }
}

extension YAMLNode {
  func isTemplate(_ text: String) -> Bool {
    text.utf8.contains(UInt8(ascii: "{")) && !Template(text).references.isEmpty
  }

  /// Whether the node is of a type that JSON Schema names.
  func isOf(type: String) -> Bool {
    switch content {
    case .sequence: return type == "array"
    case .mapping: return type == "object"
    case .scalar(let scalar):
      switch (scalar.value, type) {
      case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.integer, "integer"), (.integer, "number"),
        (.number, "number"):
        return true
      case (.number(let value), "integer"): return value.rounded() == value
      default: return false
      }
    }
  }
}

extension JSONValue {
  /// Equality in JSON's sense, where 1 and 1.0 are the same number.
  func isSame(as other: JSONValue) -> Bool {
    if let left = double, let right = other.double { return left == right }
    return self == other
  }
}
