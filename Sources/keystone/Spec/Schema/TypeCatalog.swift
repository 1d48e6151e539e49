import KeystoneKit

/// The types that plugins provide, by extension point and name.
struct TypeCatalog: Sendable {
  let types: [TypeSchema]
  private let byName: [ExtensionPoint: [String: TypeSchema]]
  private let absence: @Sendable (ExtensionPoint, String) -> String?

  /// Where two types have the same point and name, the first one counts.
  init(_ types: [TypeSchema], absence: @escaping @Sendable (ExtensionPoint, String) -> String?) {
    self.types = types
    self.absence = absence
    var byName: [ExtensionPoint: [String: TypeSchema]] = [:]
    for type in types {
      byName[type.point, default: [:]][type.type] = byName[type.point]?[type.type] ?? type
      // `plugin/type` always names the type of exactly that plugin.
      let qualified = "\(type.plugin)/\(type.type)"
      byName[type.point, default: [:]][qualified] = byName[type.point]?[qualified] ?? type
    }
    self.byName = byName
  }

  subscript(point: ExtensionPoint, name: String) -> TypeSchema? { byName[point]?[name] }

  /// The names of a point's types, without those that only repeat a type under its plugin's name.
  func names(_ point: ExtensionPoint) -> [String] {
    Set(types.lazy.filter { $0.point == point }.map(\.type)).sorted()
  }

  /// The types of a point under every name that is worth offering: the plain ones, and `plugin/type` where the plugin has
  /// another name than its type.
  func spellings(_ point: ExtensionPoint) -> [TypeSchema] {
    let plain = names(point).compactMap { self[point, $0] }
    let qualified = types.filter {
      $0.point == point && $0.plugin != $0.type && !$0.type.contains("/") && !$0.plugin.isEmpty
    }
    return plain
      + qualified.map { type in
        var type = type
        type.type = "\(type.plugin)/\(type.type)"
        return type
      }
  }

  /// What to do about a name that is no type of `point`.
  func suggestion(for name: String, _ point: ExtensionPoint) -> String {
    if let reason = absence(point, name) { return reason }
    let source = "types come from plugins: `keystone plugin list` shows those installed"
    if let close = Suggestion.closest(to: name, among: names(point)) { return "did you mean `\(close)`? (\(source))" }
    let other = ExtensionPoint.allCases.first { $0 != point && self[$0, name] != nil }
    if let other { return "`\(Excerpt.clean(name))` is \(other.word) type; \(source)" }
    return source
  }
}

extension ExtensionPoint {
  /// The point with its article, for messages.
  var word: String {
    switch self {
    case .invariant: "an invariant"
    case .agent: "an agent"
    case .forbidden: "a forbidden rule"
    default: "a \(rawValue)"
    }
  }

  /// The point's name in front of `type`.
  var noun: String { self == .forbidden ? "forbidden rule" : rawValue }
}
