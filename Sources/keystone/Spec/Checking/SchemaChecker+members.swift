import KeystoneKit

extension SchemaChecker {
  /// Checks the keys of a mapping and their values.
  mutating func checkMembers(
    _ node: YAMLNode, _ entries: [YAMLEntry], _ schema: [String: JSONValue], _ path: SpecPath
  ) {
    checkCount(node, entries.count, "keys", schema["minProperties"], schema["maxProperties"], path)
    checkRequired(node, entries, schema, path)
    let properties = schema["properties"]?.object ?? [:]
    let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
    for entry in entries {
      guard problems.count < Self.enough else { return }
      let place = path / entry.key
      if let names = schema["propertyNames"] { checkName(entry, names, place) }
      if let property = properties[entry.key] {
        // An optional key without a value, such as `services:` with all its entries commented out, counts as absent.
        if entry.value.isNull, !required.contains(entry.key), !property.acceptsNull { continue }
        check(entry.value, property, at: place)
      } else {
        checkAdditional(entry, entries, schema, properties, place)
      }
    }
  }

  private mutating func checkRequired(
    _ node: YAMLNode, _ entries: [YAMLEntry], _ schema: [String: JSONValue], _ path: SpecPath
  ) {
    let present = Set(entries.map(\.key))
    let properties = schema["properties"]?.object ?? [:]
    let missing = (schema["required"]?.array ?? []).compactMap(\.string).filter { !present.contains($0) }
    let isClosed = schema["additionalProperties"] == false || schema[HostSchema.closedKeyword] == true
    // A key that is only misspelt is reported as unknown, with the right spelling.
    let misspelt =
      missing.isEmpty
      ? []
      : present.filter { properties[$0] == nil }
        .compactMap { Suggestion.closest(to: $0, among: properties.keys.filter { !present.contains($0) }) }
    for key in missing where !isClosed || !misspelt.contains(key) {
      report(
        node.range, path, "\(name(path)) lacks `\(key)`",
        expected: properties[key].map { "`\(key)`: \(expected(key, $0, in: schema))" })
    }
    for (key, others) in schema["dependentRequired"]?.object ?? [:] where present.contains(key) {
      for other in (others.array ?? []).compactMap(\.string) where !present.contains(other) {
        report(node.range, path, "\(name(path)) has `\(key)` but lacks `\(other)`")
      }
    }
  }

  /// What a missing key must hold; for the key that names a plugin's type, the types there are.
  private func expected(_ key: String, _ property: JSONValue, in schema: [String: JSONValue]) -> String {
    let point = schema[HostSchema.pointKeyword]?.string.flatMap(ExtensionPoint.init(rawValue:))
    guard let point, key == Envelope(point).discriminator, !types.names(point).isEmpty else {
      return SchemaWords.expected(property)
    }
    return SchemaWords.list(types.names(point))
  }

  private mutating func checkName(_ entry: YAMLEntry, _ schema: JSONValue, _ path: SpecPath) {
    guard let format = schema["format"]?.string.flatMap(SchemaFormat.init(rawValue:)), !format.accepts(entry.key)
    else { return }
    report(
      entry.keyRange, path, "`\(Excerpt.clean(entry.key))` cannot be a name here", expected: format.expected,
      suggestion: format.suggestion(for: entry.key))
  }

  private mutating func checkAdditional(
    _ entry: YAMLEntry, _ entries: [YAMLEntry], _ schema: [String: JSONValue], _ properties: [String: JSONValue],
    _ path: SpecPath
  ) {
    switch schema["additionalProperties"] {
    case .bool(false):
      let present = Set(entries.map(\.key))
      reportUnknown(entry, known: properties.keys.filter { !present.contains($0) }, path)
    case .some(let rest): check(entry.value, rest, at: path)
    case .none: break
    }
  }

  /// Reports a key that nobody knows; `known` are the keys that could have been meant.
  mutating func reportUnknown(_ entry: YAMLEntry, known: [String], _ path: SpecPath) {
    let parent = SpecPath(Array(path.components.dropLast()))
    let place = parent.components.isEmpty ? "the spec" : name(parent)
    report(
      entry.keyRange, path, "\(place) has no key `\(Excerpt.clean(entry.key))`",
      expected: known.isEmpty ? nil : SchemaWords.list(known.sorted()),
      suggestion: Suggestion.didYouMean(entry.key, among: known))
  }
}

extension JSONValue {
  /// Whether a schema lets a value be null.
  var acceptsNull: Bool {
    if let choices = self["enum"]?.array { return choices.contains(.null) }
    if self["const"] == .null { return true }
    let branches = (self["anyOf"]?.array ?? []) + (self["oneOf"]?.array ?? [])
    if !branches.isEmpty { return branches.contains(where: \.acceptsNull) }
    return typeNames.isEmpty ? self["const"] == nil && self[HostSchema.pointKeyword] == nil : typeNames.contains("null")
  }
}
