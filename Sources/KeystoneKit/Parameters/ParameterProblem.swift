/// One thing that is wrong with the parameters somebody wrote.
///
/// Strings that were found are never repeated, because they may come from secrets.
public struct ParameterProblem: Sendable, Hashable, Codable, CustomStringConvertible {
  /// What kind of mistake it is.
  public enum Kind: String, Sendable, Codable {
    /// A member that the parameters do not have; ignored when decoding, reported when a spec is checked.
    case unknown
    /// A member without a default that is not there.
    case missing
    /// A value of the wrong type.
    case type
    /// A value of the right type that is not allowed.
    case value
  }

  /// What kind of mistake it is.
  public var kind: Kind

  /// The place below the parameters, such as `$.steps[2].timeout`.
  public var path: String

  /// What is wrong, to be read after the path.
  public var message: String

  /// What would be right, such as `an integer of at least 1`.
  public var expected: String

  /// The name or value that was probably meant.
  public var suggestion: String?

  /// Creates a problem; the default path means the value itself.
  public init(
    kind: Kind, path: String = "$", message: String, expected: String, suggestion: String? = nil
  ) {
    self.kind = kind
    self.path = path
    self.message = message
    self.expected = expected
    self.suggestion = suggestion
  }

  /// Path, message and suggestion on one line.
  public var description: String {
    "\(path): \(message)" + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
  }

  /// The same problem, seen from the object that holds the value as the member `name`.
  public func below(_ name: String) -> ParameterProblem {
    let isPlain = !name.isEmpty && name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || Self.isLetterOrDigit($0) }
    return below(step: isPlain ? ".\(name)" : "[\(JSONValue.string(name).text)]")
  }

  /// The same problem, seen from the array that holds the value at `index`.
  public func below(index: Int) -> ParameterProblem { below(step: "[\(index)]") }

  private func below(step: String) -> ParameterProblem {
    var problem = self
    problem.path = "$" + step + path.dropFirst()
    return problem
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }
}

extension ParameterProblem {
  /// A value of the wrong type.
  public static func mismatch(_ expected: String, _ found: JSONValue) -> ParameterProblem {
    ParameterProblem(kind: .type, message: "expected \(expected), found \(found.kindWithArticle)", expected: expected)
  }

  static func notAmong(_ choices: [JSONValue], _ found: JSONValue) -> ParameterProblem {
    let expected = "one of " + choices.map { $0.string ?? $0.text }.joined(separator: ", ")
    return ParameterProblem(
      kind: .value, message: "expected \(expected)", expected: expected,
      suggestion: found.string.flatMap { nearestName(to: $0, in: choices.compactMap(\.string)) })
  }

  static func unknown(_ name: String, known: [String]) -> ParameterProblem {
    ParameterProblem(
      kind: .unknown, message: "there is no parameter of this name",
      expected: known.isEmpty ? "no parameters" : "one of " + known.joined(separator: ", "),
      suggestion: nearestName(to: name, in: known)
    ).below(name)
  }
}

/// Every problem of one value that was to become parameters.
public struct ParameterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// At least one problem, in the order of the declarations.
  public let problems: [ParameterProblem]

  /// Creates an error of its problems.
  public init(problems: [ParameterProblem]) { self.problems = problems }

  /// One sentence with every problem.
  public var description: String {
    "The parameters are invalid; correct " + problems.map(\.description).joined(separator: ", and ") + "."
  }
}
