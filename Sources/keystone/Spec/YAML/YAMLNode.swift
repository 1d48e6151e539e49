import KeystoneKit

/// One node of a YAML document, with its place.
struct YAMLNode: Sendable {
  enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
  }

  var content: Content
  /// The bytes that the node takes up; for a mapping or sequence only where it begins.
  var range: Range<Int>
  /// The nodes it stands for, itself included, as if every alias were written out.
  var count = 1
  /// The bytes of text it stands for, as if every alias were written out.
  var textBytes = 0
  /// The levels of nesting below and including it.
  var height = 1
}

/// One `key: value` of a mapping.
struct YAMLEntry: Sendable {
  var key: String
  var keyRange: Range<Int>
  var value: YAMLNode
}

/// A scalar: its text, how it was written, and the JSON value it means in YAML's core schema.
struct YAMLScalar: Sendable {
  enum Style: Sendable {
    case plain, singleQuoted, doubleQuoted, literal, folded

    var isQuoted: Bool { self == .singleQuoted || self == .doubleQuoted }
  }

  var text: String
  var style: Style
  var value: JSONValue
}

extension YAMLNode {
  var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { return scalar }
    return nil
  }

  var items: [YAMLNode]? {
    if case .sequence(let items) = content { return items }
    return nil
  }

  var entries: [YAMLEntry]? {
    if case .mapping(let entries) = content { return entries }
    return nil
  }

  /// The text, when the node is a string.
  var string: String? { scalar?.value.string }

  var isNull: Bool { scalar?.value == .null }

  func entry(_ key: String) -> YAMLEntry? { entries?.first { $0.key == key } }

  /// The value of `key`, unless the node is no mapping, has no such key, or the value is null.
  subscript(key: String) -> YAMLNode? {
    guard let value = entry(key)?.value, !value.isNull else { return nil }
    return value
  }

  /// The node as JSON; the order of a mapping's keys is lost.
  var json: JSONValue {
    switch content {
    case .scalar(let scalar): scalar.value
    case .sequence(let items): .array(items.map(\.json))
    case .mapping(let entries):
      .object(Dictionary(entries.map { ($0.key, $0.value.json) }, uniquingKeysWith: { first, _ in first }))
    }
  }

  /// The word for this kind of node in messages.
  var kind: String {
    switch content {
    case .sequence: "a list"
    case .mapping: "a map"
    case .scalar(let scalar):
      switch scalar.value {
      case .null: "empty"
      case .bool: "a boolean"
      case .integer, .number: "a number"
      default: "a string"
      }
    }
  }
}
