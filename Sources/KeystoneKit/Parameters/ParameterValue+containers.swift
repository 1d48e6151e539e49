extension Array: ParameterValue where Element: ParameterValue {
  /// An array of what its elements accept.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    ["type": "array", "items": Element.parameterSchema(inside: enclosing)]
  }

  /// The problems of all elements.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    guard let elements = value.array else { return [.mismatch("an array", value)] }
    return elements.enumerated().flatMap { index, element in
      Element.problems(in: element).map { $0.below(index: index) }
    }
  }

  /// The array of the elements' JSON.
  public var parameterJSON: JSONValue { .array(map(\.parameterJSON)) }
}

extension Dictionary: ParameterValue where Key == String, Value: ParameterValue {
  /// An object with any member names.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    ["type": "object", "additionalProperties": Value.parameterSchema(inside: enclosing)]
  }

  /// The problems of all members, sorted by name.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    guard let members = value.object else { return [.mismatch("an object", value)] }
    return members.sorted { $0.key < $1.key }.flatMap { name, member in
      Value.problems(in: member).map { $0.below(name) }
    }
  }

  /// The object of the members' JSON.
  public var parameterJSON: JSONValue { .object(mapValues(\.parameterJSON)) }
}

extension Optional: ParameterValue where Wrapped: ParameterValue {
  /// What the wrapped type accepts, or null.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    let schema = Wrapped.parameterSchema(inside: enclosing)
    guard let members = schema.object, !members.isEmpty else { return schema }
    guard let type = members["type"] else { return ["anyOf": [schema, ["type": "null"]]] }
    var nullable = schema
    nullable["type"] = .array((type.array ?? [type]) + ["null"])
    if let choices = members["enum"]?.array { nullable["enum"] = .array(choices + [nil]) }
    return nullable
  }

  /// None for null, else the problems of the wrapped type.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    value == .null ? [] : Wrapped.problems(in: value)
  }

  /// The wrapped value's JSON, or null.
  public var parameterJSON: JSONValue { self?.parameterJSON ?? .null }

  /// No value, so that an optional member is never required.
  public static var whenAbsent: Self? { .some(nil) }
}

extension Optional: RangedParameterValue where Wrapped: RangedParameterValue {
  /// The wrapped type's limits.
  public typealias Bound = Wrapped.Bound

  /// What to compare with the limits, when it is not null.
  public static func bound(in value: JSONValue) -> Wrapped.Bound? {
    value == .null ? nil : Wrapped.bound(in: value)
  }
}
