import KeystoneKit

extension SchemaChecker {
  /// Checks a section whose shape a plugin defines.
  mutating func checkPlugged(_ node: YAMLNode, _ point: ExtensionPoint, _ path: SpecPath) {
    guard let entries = node.entries else { return }
    if point == .forbidden {
      checkRules(entries, path)
      return
    }
    let envelope = Envelope(point)
    guard let entry = entries.first(where: { $0.key == envelope.discriminator }) else { return }
    guard let name = entry.value.string, let type = lookUp(name, point, entry.value.range, path / entry.key) else {
      return
    }
    let own = entries.filter { envelope.properties[$0.key] == nil }
    var parameters = YAMLNode(content: .mapping(own), range: node.range)
    parameters.count = node.count
    checkParameters(parameters, type, envelope, path)
  }

  private mutating func checkRules(_ entries: [YAMLEntry], _ path: SpecPath) {
    for entry in entries {
      guard let type = lookUp(entry.key, .forbidden, entry.keyRange, path / entry.key) else { continue }
      withTemplates { $0.check(entry.value, type.parameters, at: path / entry.key) }
    }
  }

  private mutating func lookUp(
    _ name: String, _ point: ExtensionPoint, _ range: Range<Int>, _ path: SpecPath
  ) -> TypeSchema? {
    if let type = types[point, name] { return type }
    let names = types.names(point)
    report(
      range, path, "unknown \(point.noun) type `\(Excerpt.clean(name))`",
      expected: names.isEmpty ? nil : SchemaWords.list(names), suggestion: types.suggestion(for: name, point))
    return nil
  }

  private mutating func checkParameters(
    _ node: YAMLNode, _ type: TypeSchema, _ envelope: Envelope, _ path: SpecPath
  ) {
    let properties = type.parameters["properties"]?.object ?? [:]
    if type.isClosed {
      for entry in node.entries ?? [] where properties[entry.key] == nil {
        reportStranger(entry, properties, envelope, path / entry.key)
      }
    }
    var schema = type.parameters
    // Unknown keys have been reported with the host's own keys in mind.
    if type.isClosed {
      schema["additionalProperties"] = nil
      schema[HostSchema.closedKeyword] = true
    }
    withTemplates { $0.check(node, schema, at: path) }
  }

  private mutating func reportStranger(
    _ entry: YAMLEntry, _ properties: [String: JSONValue], _ envelope: Envelope, _ path: SpecPath
  ) {
    if let home = envelope.keysAbove[entry.key] {
      report(
        entry.keyRange, path, "`\(entry.key)` belongs to the \(home), not to its check",
        suggestion: "move it beside `check`")
      return
    }
    reportUnknown(entry, known: Array(properties.keys) + Array(envelope.properties.keys), path)
  }

  private mutating func withTemplates(_ body: (inout SchemaChecker) -> Void) {
    let before = allowsTemplates
    allowsTemplates = true
    body(&self)
    allowsTemplates = before
  }
}

extension TypeSchema {
  /// Whether keys that the schema does not name are errors: always, unless it says or implies otherwise.
  var isClosed: Bool {
    guard let schema = parameters.object else { return false }
    if let rest = schema["additionalProperties"] { return rest == .bool(false) }
    return schema["oneOf"] == nil && schema["anyOf"] == nil && schema["allOf"] == nil
      && schema["patternProperties"] == nil
  }
}
