/// Declares one parameter, with what people and editors need to know about it.
///
/// ```swift
/// struct Lines: ParameterSet {
///   @Parameter("File to read, relative to the workspace.") var path: String
///   @Parameter("Largest number of lines.", range: 1...) var max = 100
///   @Parameter("Only lines that contain this count.", examples: ["TODO"]) var notContains: String?
/// }
/// ```
///
/// The declaration is the one source of the schema, the default and the decoding. A member without a default is
/// required unless it is optional. In specs the name is written in snake case (`not_contains`).
@propertyWrapper
public struct Parameter<Value: ParameterValue>: Decodable, Sendable {
  private var value: Value?
  let declaration: ParameterDeclaration?

  var hasValue: Bool { value != nil }

  /// The parameter's value.
  ///
  /// A required parameter has none in a set that was made with `init()`. Reading it then stops the program,
  /// which no input can cause: KeystoneKit hands out only sets it has decoded, and decoding fails while a required
  /// member is missing.
  public var wrappedValue: Value {
    get {
      guard let value else { preconditionFailure("a required parameter was read before it was decoded or set") }
      return value
    }
    set { value = newValue }
  }

  /// Declares a parameter with a default.
  ///
  /// - Parameters:
  ///   - wrappedValue: The default.
  ///   - description: One sentence for people.
  ///   - name: The name in specs, when it is not the member's name in snake case.
  ///   - examples: Values worth showing.
  ///   - oneOf: The only values that are allowed, when not empty.
  public init(
    wrappedValue: Value, _ description: String, name: String? = nil, examples: [Value] = [], oneOf: [Value] = []
  ) {
    value = wrappedValue
    declaration = ParameterDeclaration(description, name, examples, oneOf: oneOf)
  }

  /// Declares a parameter without a default: required, unless its type is optional.
  ///
  /// - Parameters:
  ///   - description: One sentence for people.
  ///   - name: The name in specs, when it is not the member's name in snake case.
  ///   - examples: Values worth showing.
  ///   - oneOf: The only values that are allowed, when not empty.
  public init(_ description: String, name: String? = nil, examples: [Value] = [], oneOf: [Value] = []) {
    value = Value.whenAbsent
    declaration = ParameterDeclaration(description, name, examples, oneOf: oneOf)
  }

  /// Declares a parameter with a default and limits.
  ///
  /// - Parameters:
  ///   - wrappedValue: The default.
  ///   - description: One sentence for people.
  ///   - name: The name in specs, when it is not the member's name in snake case.
  ///   - range: The values that are allowed.
  ///   - examples: Values worth showing.
  public init(
    wrappedValue: Value, _ description: String, name: String? = nil, range: some ParameterRange<Value.Bound>,
    examples: [Value] = []
  ) where Value: RangedParameterValue {
    value = wrappedValue
    declaration = ParameterDeclaration(
      description, name, examples, limits: ParameterLimits(range, bound: Value.bound))
  }

  /// Declares a parameter without a default, but with limits: required, unless its type is optional.
  ///
  /// - Parameters:
  ///   - description: One sentence for people.
  ///   - name: The name in specs, when it is not the member's name in snake case.
  ///   - range: The values that are allowed.
  ///   - examples: Values worth showing.
  public init(
    _ description: String, name: String? = nil, range: some ParameterRange<Value.Bound>, examples: [Value] = []
  ) where Value: RangedParameterValue {
    value = Value.whenAbsent
    declaration = ParameterDeclaration(
      description, name, examples, limits: ParameterLimits(range, bound: Value.bound))
  }

  /// Decodes the value alone; what was declared about it is not needed in a decoded set.
  public init(from decoder: any Decoder) throws {
    value = try decoder.singleValueContainer().decode(Value.self)
    declaration = nil
  }
}

/// What was written about a parameter; shared, so that a set costs little to make.
final class ParameterDeclaration: Sendable {
  let description: String
  let name: String?
  let examples: [JSONValue]
  let choices: [JSONValue]
  let limits: ParameterLimits?

  init<Value: ParameterValue>(
    _ description: String, _ name: String?, _ examples: [Value], oneOf: [Value] = [], limits: ParameterLimits? = nil
  ) {
    self.description = description
    self.name = name
    // Every decoding makes the declarations again: no key paths here, which generic code builds at run time.
    self.examples = examples.isEmpty ? [] : examples.map { $0.parameterJSON }
    self.choices = oneOf.isEmpty ? [] : oneOf.map { $0.parameterJSON }
    self.limits = limits
  }
}

/// The limits of a parameter without their type.
struct ParameterLimits: Sendable {
  let least: JSONValue?
  let greatest: JSONValue?
  /// The limits in words, to be read after what is limited: `of at least 1`.
  let words: @Sendable () -> String
  let contain: @Sendable (JSONValue) -> Bool

  init<Range: ParameterRange>(_ range: Range, bound: @escaping @Sendable (JSONValue) -> Range.Bound?) {
    least = range.least?.parameterJSON
    greatest = range.greatest?.parameterJSON
    words = {
      switch (range.least, range.greatest) {
      case (let least?, let greatest?): "from \(least) to \(greatest)"
      case (let least?, nil): "of at least \(least)"
      case (nil, let greatest?): "of at most \(greatest)"
      case (nil, nil): "of any size"
      }
    }
    contain = { value in
      guard let found = bound(value) else { return true }
      return range.least.map { found >= $0 } ?? true && range.greatest.map { found <= $0 } ?? true
    }
  }
}
