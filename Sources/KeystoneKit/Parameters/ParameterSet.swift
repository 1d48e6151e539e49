/// What a plugin type can be told from a spec: a struct whose members are each declared with ``Parameter``.
///
/// The members' declarations are the only source of the schema, the defaults and the checks; `init(from:)` is the
/// one the compiler writes. The type needs an `init()`, which a struct that is not public has by itself.
public protocol ParameterSet: ParameterValue {
  /// Makes a set of the defaults, in which required members have no value yet.
  init()
}

/// A parameter set that may also be written in short, as a scalar or an array.
///
/// ```swift
/// struct Tables: ShorthandParameterSet {
///   @Parameter("Tables that may be written.") var tables: [String]
///   init() {}
///   init(shorthand: [String]) { tables = shorthand }
/// }
/// ```
public protocol ShorthandParameterSet: ParameterSet {
  /// The type of the short form; it must not accept objects, which are always read as the long form.
  associatedtype Shorthand: ParameterValue

  /// Makes a set of its short form; it must give every required member a value.
  init(shorthand: Shorthand)
}

extension ParameterSet {
  /// An object with the declared members and no others.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    objectSchema(inside: enclosing)
  }

  /// Every problem of every member, in the order of the declarations, then the unknown members.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    guard case .object(let members) = value else { return [.mismatch("an object", value)] }
    return ParameterLayout.of(Self.self).problems(in: members)
  }

  /// An object of the members that have a value and are not null.
  public var parameterJSON: JSONValue {
    var members: [String: JSONValue] = [:]
    let fields = ParameterLayout.of(Self.self).fields
    let values = Mirror(reflecting: self).children.compactMap { $0.value as? any DeclaredParameter }
    for (field, value) in zip(fields, values) {
      if let json = value.json, json != .null { members[field.name] = json }
    }
    return .object(members)
  }

  static func objectSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    // A set that contains itself is described once; below that it is any object.
    if enclosing.contains(where: { $0 == Self.self }) { return ["type": "object"] }
    return ParameterLayout.of(Self.self).schema(inside: enclosing + [Self.self])
  }
}

extension ShorthandParameterSet {
  /// The short form or the object.
  public static func parameterSchema(inside enclosing: [any ParameterSet.Type]) -> JSONValue {
    ["oneOf": [Shorthand.parameterSchema(inside: enclosing), objectSchema(inside: enclosing)]]
  }

  /// The problems of the object, or of the short form when the value is no object.
  public static func problems(in value: JSONValue) -> [ParameterProblem] {
    guard case .object(let members) = value else { return Shorthand.problems(in: value) }
    return ParameterLayout.of(Self.self).problems(in: members)
  }
}

/// Describes parameters to editors, to the host and to people.
public enum ParameterSchema {
  /// The JSON Schema (2020-12, without `$schema`) of a parameter set.
  ///
  /// - Parameter type: The set.
  /// - Returns: An object schema, or `oneOf` the short form and the object.
  public static func of<T: ParameterSet>(_ type: T.Type) -> JSONValue {
    type.parameterSchema(inside: [])
  }
}
