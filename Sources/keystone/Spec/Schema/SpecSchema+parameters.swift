public import KeystoneKit

/// Something that is wrong with the parameters of a plugin type that stand in no document.
public struct ParameterDiagnostic: Error, Sendable, Hashable {
  /// The JSON path inside the parameters, such as `$.pattern`.
  public var path: String
  /// What is wrong, in one sentence.
  public var message: String
  /// What would be right, when that can be said.
  public var expected: String?
  /// What to do, when that can be said.
  public var suggestion: String?
}

extension SpecSchema {
  /// Checks parameters after their templates have been rendered, or when they came over the API.
  ///
  /// - Parameters:
  ///   - parameters: The parameters without the keys that belong to the host.
  ///   - point: The extension point of the type.
  ///   - type: The type's name.
  /// - Returns: Everything that is wrong; an unknown type is one problem at `$`.
  public func problems(
    in parameters: JSONValue, of point: ExtensionPoint, type: String
  ) -> [ParameterDiagnostic] {
    guard let known = catalog[point, type] else {
      return [
        ParameterDiagnostic(
          path: "$", message: "unknown \(point.noun) type `\(Excerpt.clean(type))`",
          suggestion: catalog.suggestion(for: type, point))
      ]
    }
    var checker = SchemaChecker(types: catalog)
    var schema = known.parameters
    if known.isClosed { schema["additionalProperties"] = false }
    checker.check(YAMLNode(parameters), schema, at: SpecPath())
    return checker.problems.map { problem in
      let path = problem.path.description
      return ParameterDiagnostic(
        path: path.isEmpty ? "$" : path.hasPrefix("[") ? "$" + path : "$." + path, message: problem.message,
        expected: problem.expected, suggestion: problem.suggestion)
    }
  }
}

extension YAMLNode {
  /// A node without a place.
  fileprivate init(_ value: JSONValue) {
    let content: Content =
      switch value {
      case .array(let items): .sequence(items.map { YAMLNode($0) })
      case .object(let members):
        .mapping(
          members.sorted { $0.key < $1.key }.map { YAMLEntry(key: $0.key, keyRange: 0..<0, value: YAMLNode($0.value)) })
      default: .scalar(YAMLScalar(text: value.templateText, style: .doubleQuoted, value: value))
      }
    self.init(content: content, range: 0..<0)
  }
}
