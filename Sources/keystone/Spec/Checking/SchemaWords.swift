import KeystoneKit

/// Says in words what a schema wants.
enum SchemaWords {
  /// What a value must look like, such as `a number from 0 to 1`.
  static func expected(_ schema: JSONValue) -> String {
    if let only = schema["const"] { return choices([only]) }
    if let listed = schema["enum"]?.array { return choices(listed) }
    if let format = schema["format"]?.string.flatMap(SchemaFormat.init(rawValue:)) { return format.expected }
    let branches = (schema["oneOf"]?.array ?? []) + (schema["anyOf"]?.array ?? [])
    let names = schema.typeNames
    if names.isEmpty, !branches.isEmpty { return alternatives(branches) }
    guard !names.isEmpty else { return "a value" }
    if names == ["array"], let items = schema["items"] { return "a list, each entry \(expected(items))" }
    if names == ["object"] { return object(schema) }
    return types(names) + bounds(schema)
  }

  /// The words for types: `a string or a number`.
  static func types(_ names: [String]) -> String {
    let words = names.filter { !($0 == "integer" && names.contains("number")) }.map { name in
      switch name {
      case "string": "a string"
      case "integer": "a whole number"
      case "number": "a number"
      case "boolean": "`true` or `false`"
      case "array": "a list"
      case "object": "a map"
      case "null": "empty"
      default: name
      }
    }
    return words.joined(separator: " or ")
  }

  static func choices(_ values: [JSONValue]) -> String { list(values.map(\.templateText)) }

  static func alternatives(_ schemas: [JSONValue]) -> String {
    var seen: Set<String> = []
    return schemas.map(expected).filter { seen.insert($0).inserted }.joined(separator: ", or ")
  }

  /// At most twelve words in backticks, one of which is meant, or all.
  static func list(_ words: [String], isChoice: Bool = true) -> String {
    let shown = words.prefix(12).map { "`\(Excerpt.clean($0, limit: 40))`" }.joined(separator: ", ")
    let rest = words.count > 12 ? ", and \(words.count - 12) more" : ""
    return words.count == 1 || !isChoice ? "\(shown)\(rest)" : "one of \(shown)\(rest)"
  }

  /// Which bound of a schema a number violates.
  static func violatedBound(_ number: Double, _ schema: [String: JSONValue]) -> String? {
    if let least = schema["minimum"]?.double, number < least { return "too small" }
    if let most = schema["maximum"]?.double, number > most { return "too large" }
    if let below = schema["exclusiveMinimum"]?.double, number <= below { return "too small" }
    if let above = schema["exclusiveMaximum"]?.double, number >= above { return "too large" }
    return nil
  }

  private static func bounds(_ schema: JSONValue) -> String {
    switch (schema["minimum"]?.digits, schema["maximum"]?.digits) {
    case (let least?, let most?): return " from \(least) to \(most)"
    case (let least?, nil): return ", \(least) or more"
    case (nil, let most?): return ", at most \(most)"
    case (nil, nil): break
    }
    if let below = schema["exclusiveMinimum"]?.digits { return " above \(below)" }
    return schema["exclusiveMaximum"].map { " below \($0.digits)" } ?? ""
  }

  private static func object(_ schema: JSONValue) -> String {
    let required = (schema["required"]?.array ?? []).compactMap(\.string)
    guard !required.isEmpty else { return "a map" }
    return "a map with " + required.map { "`\($0)`" }.joined(separator: ", ")
  }
}

extension JSONValue {
  /// A number without a needless `.0`.
  fileprivate var digits: String { int.map { String($0) } ?? templateText }
}
