/// One member of a parameter set, as its declaration says.
struct ParameterField: Sendable {
  /// The member's name in Swift.
  let member: String
  /// The member's name in specs.
  let name: String
  /// The default's JSON; `nil` when the member is required or an optional that is absent.
  let defaultJSON: JSONValue?
  /// The declared ``Parameter`` with its default; `nil` when the member is required.
  let declared: (any Sendable)?
  let problems: @Sendable (JSONValue) -> [ParameterProblem]
  let schema: @Sendable (_ enclosing: [any ParameterSet.Type]) -> JSONValue

  var isRequired: Bool { declared == nil }
}

/// A ``Parameter`` of any type, as reflection finds it.
protocol DeclaredParameter: Sendable {
  /// The value's JSON; `nil` when there is no value.
  var json: JSONValue? { get }
  func field(member: String) -> ParameterField
}

extension Parameter: DeclaredParameter {
  var json: JSONValue? {
    guard hasValue else { return nil }
    return wrappedValue.parameterJSON
  }

  func field(member: String) -> ParameterField {
    let declaration = declaration ?? ParameterDeclaration("", nil, [Value]())
    // A default that lacks a required member of its own is none: nobody could read what it lacks.
    let complete = json.flatMap { json in
      Value.problems(in: json).contains { $0.kind == .missing } ? JSONValue?.none : json
    }
    let isRequired = complete.map { _ in false } ?? true
    let defaultJSON = complete.flatMap { $0 == .null ? JSONValue?.none : $0 }
    return ParameterField(
      member: member,
      name: declaration.name ?? specName(of: member),
      defaultJSON: defaultJSON,
      declared: isRequired ? nil : self,
      problems: { Self.problems(in: $0, declaration) },
      schema: { Self.schema(declaration, defaultJSON, inside: $0) })
  }

  private static func problems(in value: JSONValue, _ declaration: ParameterDeclaration) -> [ParameterProblem] {
    let own = Value.problems(in: value)
    guard own.isEmpty, value != .null else { return own }
    if !declaration.choices.isEmpty, !declaration.choices.contains(value) {
      return [.notAmong(declaration.choices, value)]
    }
    guard let limits = declaration.limits, !limits.contain(value) else { return [] }
    let expected = "a value \(limits.words())"
    let found = value.string == nil ? ", found \(value.text)" : ""
    return [ParameterProblem(kind: .value, message: "expected \(expected)\(found)", expected: expected)]
  }

  private static func schema(
    _ declaration: ParameterDeclaration, _ defaultJSON: JSONValue?, inside enclosing: [any ParameterSet.Type]
  ) -> JSONValue {
    var schema = Value.parameterSchema(inside: enclosing)
    if !declaration.description.isEmpty { schema["description"] = .string(declaration.description) }
    if let defaultJSON { schema["default"] = defaultJSON }
    if let least = declaration.limits?.least { schema["minimum"] = least }
    if let greatest = declaration.limits?.greatest { schema["maximum"] = greatest }
    if !declaration.choices.isEmpty {
      schema["enum"] = .array(declaration.choices + (Value.whenAbsent == nil ? [] : [nil]))
    }
    if !declaration.examples.isEmpty { schema["examples"] = .array(declaration.examples) }
    return schema
  }
}
