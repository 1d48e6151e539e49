package import KeystoneKit

/// Parameters that fit a schema, made from its examples, defaults and limits.
package enum SchemaSample {
  /// A value that fits `schema`, or `nil` when none can be made up.
  package static func value(_ schema: JSONValue, in root: JSONValue? = nil) -> JSONValue? {
    let root = root ?? schema
    if let reference = schema["$ref"]?.string { return resolve(reference, root).flatMap { value($0, in: root) } }
    if let example = schema["examples"]?.array?.first { return example }
    if let fixed = schema["const"] { return fixed }
    if let standard = schema["default"], standard != .null { return standard }
    if let choice = schema["enum"]?.array?.first { return choice }
    for word in ["oneOf", "anyOf"] {
      if let choices = schema[word]?.array { return choices.lazy.compactMap { value($0, in: root) }.first }
    }
    let kinds = schema["type"]?.array?.compactMap(\.string) ?? schema["type"]?.string.map { [$0] } ?? []
    switch kinds.first(where: { $0 != "null" }) {
    case "string": return .string(text(schema))
    case "integer": return schema["minimum"] ?? .integer(1)
    case "number": return schema["minimum"] ?? .number(0.5)
    case "boolean": return true
    case "array":
      let count = Int(schema["minItems"]?.int ?? 0)
      guard count > 0 else { return [] }
      return schema["items"].flatMap { value($0, in: root) }.map { .array(Array(repeating: $0, count: count)) }
    default: return object(schema, root)
    }
  }

  private static func object(_ schema: JSONValue, _ root: JSONValue) -> JSONValue? {
    var members: [String: JSONValue] = [:]
    let properties = schema["properties"]?.object ?? [:]
    for name in (schema["required"]?.array ?? []).compactMap(\.string) {
      guard let property = properties[name], let value = value(property, in: root) else { return nil }
      members[name] = value
    }
    return .object(members)
  }

  private static func text(_ schema: JSONValue) -> String {
    let least = Int(schema["minLength"]?.int ?? 1)
    return String(repeating: "x", count: max(1, least))
  }

  private static func resolve(_ reference: String, _ root: JSONValue) -> JSONValue? {
    guard reference.hasPrefix("#/") else { return nil }
    return reference.dropFirst(2).split(separator: "/").reduce(Optional(root)) { place, name in place?[String(name)] }
  }

  /// Parameters that do not fit: for each member a value of another kind.
  static func misfits(_ schema: JSONValue) -> [JSONValue] {
    var misfits: [JSONValue] = [.string("text in place of parameters"), [1, 2, 3], 7, .null]
    for (name, property) in (schema["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      for wrong: JSONValue in [["an": "object"], .string("text"), -1, .null, [[]]]
      where wrong.kind != property["type"]?.string {
        misfits.append([name: wrong])
      }
    }
    return misfits
  }
}
