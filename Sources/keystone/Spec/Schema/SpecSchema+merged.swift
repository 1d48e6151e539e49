public import KeystoneKit

extension SpecSchema {
  /// One JSON Schema (2020-12) of the whole format with all installed types, for editors.
  ///
  /// Each place where a plugin's type can stand offers the types as alternatives, told apart by a constant.
  public func merged() -> JSONValue {
    var schema = replacingPoints(in: HostSchema.root)
    schema["$defs"] = .object(definitions())
    schema = Self.withPatterns(schema)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Keystone spec"
    return schema
  }

  /// Replaces the host's own formats, which editors do not know, by patterns.
  private static func withPatterns(_ schema: JSONValue) -> JSONValue {
    switch schema {
    case .array(let items): return .array(items.map(withPatterns))
    case .object(var members):
      if let format = members["format"]?.string.flatMap(SchemaFormat.init(rawValue:)) {
        members["format"] = nil
        members["pattern"] = members["pattern"] ?? format.pattern.map { .string($0) }
      }
      return .object(members.mapValues(withPatterns))
    default: return schema
    }
  }

  private func definitions() -> [String: JSONValue] {
    var definitions: [String: JSONValue] = [:]
    for point in ExtensionPoint.allCases where point != .runtime {
      for type in catalog.spellings(point) {
        definitions[Self.definitionName(type)] = point == .forbidden ? rule(type) : section(type)
      }
    }
    return definitions
  }

  private static func definitionName(_ type: TypeSchema) -> String {
    "\(type.point.rawValue).\(type.type.map { $0 == "/" ? "." : String($0) }.joined())"
  }

  /// The parameters of a type together with the host's keys.
  private func section(_ type: TypeSchema) -> JSONValue {
    let envelope = Envelope(type.point)
    var schema = type.parameters.object ?? [:]
    var properties = (schema["properties"]?.object ?? [:]).merging(envelope.properties) { _, host in host }
    properties[envelope.discriminator] = ["const": .string(type.type), "description": .string(type.description)]
    let required = (schema["required"]?.array ?? []) + envelope.required.map { .string($0) }
    schema["type"] = "object"
    schema["title"] = .string(type.type)
    schema["description"] = .string(type.description)
    schema["properties"] = .object(properties)
    schema["required"] = .array(required)
    if type.isClosed { schema["additionalProperties"] = false }
    return .object(schema)
  }

  private func rule(_ type: TypeSchema) -> JSONValue {
    var schema = type.parameters.object ?? [:]
    schema["title"] = .string(type.type)
    schema["description"] = .string(type.description)
    return .object(schema)
  }

  private func replacingPoints(in schema: JSONValue) -> JSONValue {
    switch schema {
    case .array(let items): return .array(items.map(replacingPoints))
    case .object(var members):
      if let point = members[HostSchema.pointKeyword]?.string.flatMap(ExtensionPoint.init(rawValue:)) {
        members[HostSchema.pointKeyword] = nil
        return alternatives(point, members)
      }
      return .object(members.mapValues(replacingPoints))
    default: return schema
    }
  }

  private func alternatives(_ point: ExtensionPoint, _ plain: [String: JSONValue]) -> JSONValue {
    let types = catalog.spellings(point)
    var schema: [String: JSONValue] = ["type": "object"]
    schema["description"] = plain["description"]
    if point == .forbidden {
      schema["properties"] = .object(
        Dictionary(types.map { ($0.type, Self.reference(to: $0)) }, uniquingKeysWith: { first, _ in first }))
      schema["additionalProperties"] = false
    } else if types.isEmpty {
      return .object(plain)
    } else {
      schema["oneOf"] = .array(types.map(Self.reference))
    }
    return .object(schema)
  }

  private static func reference(to type: TypeSchema) -> JSONValue {
    ["$ref": .string("#/$defs/\(definitionName(type))")]
  }
}
