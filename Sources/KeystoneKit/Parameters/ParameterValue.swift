/// A type that a parameter may have: what it accepts, how it is described, and how a default is written.
///
/// Text, numbers, truth values, ``Seconds``, any JSON, arrays, dictionaries and optionals of these, string
/// enumerations and nested ``ParameterSet`` types conform already. An enumeration of strings needs no more than
/// `enum Mode: String, CaseIterable, ParameterValue`. `init(from:)` is called only with JSON in which
/// ``problems(in:)`` found nothing but unknown members.
public protocol ParameterValue: Decodable, Sendable {
  /// The JSON Schema (2020-12) of what is accepted.
  ///
  /// - Parameter enclosing: The parameter sets around this one, so that a set that contains itself ends.
  /// - Returns: An object of JSON Schema's keywords, empty when anything is accepted.
  static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue

  /// Everything that keeps JSON from being a value of this type, with paths that begin with `$`.
  static func problems(in value: JSONValue) -> [ParameterProblem]

  /// The JSON this value is decoded from.
  var parameterJSON: JSONValue { get }

  /// The value of a member that is neither given nor declared with a default; `nil` makes such a member required.
  static var whenAbsent: Self? { get }
}

extension ParameterValue {
  /// None, so that a member without a default is required.
  public static var whenAbsent: Self? { nil }
}

extension ParameterValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  /// A string that is one of the cases.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    ["type": "string", "enum": .array(allCases.map(\.parameterJSON))]
  }

  /// One problem unless the value is the raw value of a case.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    guard let text = value.string else { return [.mismatch("a string", value)] }
    return Self(rawValue: text) == nil ? [.notAmong(allCases.map(\.parameterJSON), value)] : []
  }

  /// The raw value.
  public var parameterJSON: JSONValue { .string(rawValue) }
}

/// A parameter type whose values can be limited to a range.
public protocol RangedParameterValue: ParameterValue {
  /// The type of the limits; of an optional, the type it wraps.
  associatedtype Bound: ParameterValue & Comparable

  /// What to compare with the limits; `nil` when there is nothing to compare.
  static func bound(in value: JSONValue) -> Bound?
}

/// A range as parameters may have it: `1...`, `0...1` or `...10`.
public protocol ParameterRange<Bound>: Sendable {
  /// The type of the limits.
  associatedtype Bound: ParameterValue & Comparable

  /// The least value that is in the range; `nil` when there is no least.
  var least: Bound? { get }

  /// The greatest value that is in the range; `nil` when there is no greatest.
  var greatest: Bound? { get }
}

extension ClosedRange: ParameterRange where Bound: ParameterValue {
  /// The lower bound.
  public var least: Bound? { lowerBound }

  /// The upper bound.
  public var greatest: Bound? { upperBound }
}

extension PartialRangeFrom: ParameterRange where Bound: ParameterValue {
  /// The lower bound.
  public var least: Bound? { lowerBound }

  /// None.
  public var greatest: Bound? { nil }
}

extension PartialRangeThrough: ParameterRange where Bound: ParameterValue {
  /// None.
  public var least: Bound? { nil }

  /// The upper bound.
  public var greatest: Bound? { upperBound }
}
