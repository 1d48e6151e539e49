extension String: ParameterValue {
  /// A string.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue { ["type": "string"] }

  /// One problem unless the value is a string.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    value.string == nil ? [.mismatch("a string", value)] : []
  }

  /// The string.
  public var parameterJSON: JSONValue { .string(self) }
}

extension Bool: ParameterValue {
  /// True or false.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue { ["type": "boolean"] }

  /// One problem unless the value is true or false.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    value.bool == nil ? [.mismatch("true or false", value)] : []
  }

  /// The truth value.
  public var parameterJSON: JSONValue { .bool(self) }
}

extension Int: RangedParameterValue {
  /// An integer.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue { ["type": "integer"] }

  /// One problem unless the value is a whole number, or a string that holds one.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    bound(in: value) == nil ? [.mismatch("an integer", value)] : []
  }

  /// The integer that the value holds.
  public static func bound(in value: JSONValue) -> Int? { value.int.flatMap(Int.init(exactly:)) }

  /// The integer.
  public var parameterJSON: JSONValue { .integer(Int64(self)) }
}

extension Double: RangedParameterValue {
  /// A number.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue { ["type": "number"] }

  /// One problem unless the value is a number.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    value.double == nil ? [.mismatch("a number", value)] : []
  }

  /// The number that the value holds.
  public static func bound(in value: JSONValue) -> Double? { value.double }

  /// The number, without a fraction when it has none.
  public var parameterJSON: JSONValue {
    if let whole = Int64(exactly: self), whole.magnitude < 1 << 53 { return .integer(whole) }
    return .number(self)
  }
}

extension JSONValue: ParameterValue {
  /// Anything.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue { [:] }

  /// Nothing is a problem.
  public static func problems(in value: JSONValue) -> [ParameterProblem] { [] }

  /// The value itself.
  public var parameterJSON: JSONValue { self }
}
