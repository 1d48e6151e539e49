public import KeystoneKit

extension JSONValue {
  /// The value with the templates in all of its strings replaced.
  ///
  /// A string that is nothing but one reference takes the value's own type, so that a matrix integer stays one; where
  /// `schema` asks for a string it becomes text, and where it asks for a number or a boolean, text becomes that.
  ///
  /// - Parameters:
  ///   - schema: The JSON Schema of the value, when there is one.
  ///   - lookup: The value of a reference such as `matrix.model`; `nil` when it has none.
  /// - Returns: The value without references.
  /// - Throws: ``TemplateError`` for a reference without a value, and what `lookup` throws.
  public func rendering(schema: JSONValue = .null, _ lookup: (String) throws -> JSONValue?) throws -> JSONValue {
    switch self {
    case .string(let text): try Self.rendering(text, schema: schema, lookup)
    case .array(let items):
      .array(try items.map { try $0.rendering(schema: schema["items"] ?? .null, lookup) })
    case .object(let members):
      .object(
        try Dictionary(
          uniqueKeysWithValues: members.map { key, value in
            let inner = schema["properties"]?[key] ?? schema["additionalProperties"] ?? .null
            return (key, try value.rendering(schema: inner, lookup))
          }))
    default: self
    }
  }

  private static func rendering(
    _ text: String, schema: JSONValue, _ lookup: (String) throws -> JSONValue?
  ) throws -> JSONValue {
    guard text.utf8.contains(UInt8(ascii: "{")) else { return .string(text) }
    let template = Template(text)
    guard let name = template.soleReference else {
      return .string(try template.render { try lookup($0)?.templateText })
    }
    guard let value = try lookup(name) else { throw TemplateError(reference: name) }
    return value.fitted(to: schema)
  }

  /// The value in the type that a schema names, where the two can be brought together.
  private func fitted(to schema: JSONValue) -> JSONValue {
    let types = schema.typeNames
    if types == ["string"] { return .string(templateText) }
    guard let text = string, !types.contains("string") else { return self }
    for type in types {
      switch type {
      case "integer": if let value = Int64(text) { return .integer(value) }
      case "number": if let value = Double(text), value.isFinite { return .number(value) }
      case "boolean": if let value = Bool(text) { return .bool(value) }
      default: break
      }
    }
    return self
  }

  /// How the value stands in the middle of other text: a string as it is, anything else as JSON.
  public var templateText: String { string ?? text }

  /// The words of a schema's `type`, none when it allows every type.
  var typeNames: [String] {
    switch self["type"] {
    case .string(let name): [name]
    case .array(let names): names.compactMap(\.string)
    default: []
    }
  }
}
