/// A document as it was read: its bytes, its nodes and their places.
public struct SpecDocument: Sendable {
  /// The name under which diagnostics mention the document.
  let file: String
  let source: SourceText
  let root: YAMLNode

  /// Places a complaint at the deepest node of a path that exists.
  func diagnostic(
    at components: [SpecPath.Component], message: String, expected: String?, suggestion: String?,
    severity: SpecDiagnostic.Severity
  ) -> SpecDiagnostic {
    let problem = SpecProblem(
      severity: severity, range: range(of: components), path: SpecPath(components), message: message,
      expected: expected, suggestion: suggestion)
    return SpecDiagnostic(problem, file: file, source: source)
  }

  private func range(of components: [SpecPath.Component]) -> Range<Int> {
    var node = root
    for component in components {
      switch component {
      case .key(let key):
        guard let next = node.entry(key)?.value else { return node.range }
        node = next
      case .index(let index):
        guard let items = node.items, items.indices.contains(index) else { return node.range }
        node = items[index]
      }
    }
    return node.range
  }
}
