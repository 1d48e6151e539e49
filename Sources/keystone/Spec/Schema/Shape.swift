import KeystoneKit

/// Writes JSON Schemas briefly.
enum Shape {
  static func text(
    _ description: String, format: SchemaFormat? = nil, minLength: Int64 = 1, examples: [JSONValue] = []
  ) -> JSONValue {
    var schema: [String: JSONValue] = ["type": "string", "description": .string(description)]
    if minLength > 0 { schema["minLength"] = .integer(minLength) }
    if let format { schema["format"] = .string(format.rawValue) }
    if !examples.isEmpty { schema["examples"] = .array(examples) }
    return .object(schema)
  }

  /// A text with a form, or a bare number that has the same meaning.
  static func quantity(
    _ description: String, _ format: SchemaFormat, examples: [JSONValue], default value: JSONValue? = nil
  ) -> JSONValue {
    var schema = text(description, format: format, minLength: 0, examples: examples)
    schema["type"] = ["string", "number"]
    schema["default"] = value
    return schema
  }

  static func whole(
    _ description: String, from least: Int64, to most: Int64? = nil, default value: Int64? = nil
  ) -> JSONValue {
    var schema: [String: JSONValue] = [
      "type": "integer", "description": .string(description), "minimum": .integer(least),
    ]
    if let most { schema["maximum"] = .integer(most) }
    if let value { schema["default"] = .integer(value) }
    return .object(schema)
  }

  static func number(
    _ description: String, from least: Double, to most: Double? = nil, default value: Double? = nil
  ) -> JSONValue {
    var schema: [String: JSONValue] = [
      "type": "number", "description": .string(description), "minimum": .number(least),
    ]
    if let most { schema["maximum"] = .number(most) }
    if let value { schema["default"] = .number(value) }
    return .object(schema)
  }

  static func flag(_ description: String, default value: Bool = false) -> JSONValue {
    ["type": "boolean", "description": .string(description), "default": .bool(value)]
  }

  static func choice(_ description: String, _ values: [String], default value: String? = nil) -> JSONValue {
    var schema: [String: JSONValue] = [
      "type": "string", "description": .string(description), "enum": .array(values.map { .string($0) }),
    ]
    if let value { schema["default"] = .string(value) }
    return .object(schema)
  }

  static func list(_ description: String, of items: JSONValue, minItems: Int64 = 0) -> JSONValue {
    var schema: [String: JSONValue] = ["type": "array", "description": .string(description), "items": items]
    if minItems > 0 { schema["minItems"] = .integer(minItems) }
    return .object(schema)
  }

  /// A map with known keys and no others.
  static func map(
    _ description: String, _ properties: [String: JSONValue], required: [String] = []
  ) -> JSONValue {
    var schema: [String: JSONValue] = [
      "type": "object", "description": .string(description), "properties": .object(properties),
      "additionalProperties": false,
    ]
    if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
    return .object(schema)
  }

  /// A map whose keys the spec writer chooses.
  static func dictionary(
    _ description: String, names: SchemaFormat, of values: JSONValue, minProperties: Int64 = 0
  ) -> JSONValue {
    var schema: [String: JSONValue] = [
      "type": "object", "description": .string(description),
      "propertyNames": ["type": "string", "format": .string(names.rawValue)], "additionalProperties": values,
    ]
    if minProperties > 0 { schema["minProperties"] = .integer(minProperties) }
    return .object(schema)
  }

  /// A map whose shape the plugin of the named type defines; the host knows the keys of the envelope.
  static func plugged(_ description: String, _ point: ExtensionPoint) -> JSONValue {
    let envelope = Envelope(point)
    return [
      "type": "object", "description": .string(description), "properties": .object(envelope.properties),
      "required": .array(envelope.required.map { .string($0) }),
      "x-keystone-point": .string(point.rawValue),
    ]
  }

  /// Environment variables, whose values may be written as numbers or booleans too.
  static func environment(_ description: String) -> JSONValue {
    dictionary(
      description, names: .environmentName,
      of: ["type": ["string", "number", "boolean"], "description": "The value; may contain templates."])
  }

  static let anything: JSONValue = [:]
}
