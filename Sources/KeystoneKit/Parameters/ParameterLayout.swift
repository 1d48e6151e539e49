/// The members of a parameter set type, found by reflection once per type.
final class ParameterLayout: Sendable {
  /// In the order of their declaration.
  let fields: [ParameterField]
  /// By the name in Swift, and by the name in specs for types whose coding keys spell that out.
  private let byKey: [String: ParameterField]
  private let names: Set<String>

  private init<T: ParameterSet>(_ type: T.Type) {
    fields = Mirror(reflecting: T()).children.compactMap { label, child in
      // A wrapped member is stored under its name with one underscore before it.
      (child as? any DeclaredParameter)?.field(member: String((label ?? "").dropFirst()))
    }
    byKey = Dictionary(fields.map { ($0.member, $0) } + fields.map { ($0.name, $0) }) { first, _ in first }
    names = Set(fields.map(\.name))
  }

  private static let known = Locked<[ObjectIdentifier: ParameterLayout]>([:])

  static func of<T: ParameterSet>(_ type: T.Type) -> ParameterLayout {
    let id = ObjectIdentifier(type)
    if let layout = known.withLock({ $0[id] }) { return layout }
    // Made outside the lock, because it asks for the layouts of nested sets; at worst it is made twice.
    let layout = ParameterLayout(type)
    known.withLock { $0[id] = layout }
    return layout
  }

  /// The name in specs of the member that a coding key names; a key with a name of its own keeps it.
  func name(of key: String) -> String { byKey[key]?.name ?? key }

  /// The member as it was declared, with its default.
  func declaration<T>(of key: String, as type: T.Type) -> T? { byKey[key]?.declared as? T }

  func problems(in members: [String: JSONValue]) -> [ParameterProblem] {
    var problems: [ParameterProblem] = []
    for field in fields {
      if let value = members[field.name] {
        problems += field.problems(value).map { $0.below(field.name) }
      } else if field.isRequired {
        problems.append(missing(field))
      }
    }
    for name in members.keys.filter({ !names.contains($0) }).sorted() {
      problems.append(.unknown(name, known: fields.map(\.name)))
    }
    return problems
  }

  func schema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    var schema: JSONValue = ["type": "object", "additionalProperties": false]
    schema["properties"] = .object(
      Dictionary(fields.map { ($0.name, $0.schema(enclosing)) }) { first, _ in first })
    let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
    if !required.isEmpty { schema["required"] = .array(required) }
    return schema
  }

  private func missing(_ field: ParameterField) -> ParameterProblem {
    let schema = field.schema([])
    let expected = schema["description"]?.string ?? "a value"
    return ParameterProblem(kind: .missing, message: "this parameter is required", expected: expected)
      .below(field.name)
  }
}
