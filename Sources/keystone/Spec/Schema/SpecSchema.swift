public import KeystoneKit

/// The spec format: the host's own sections and the types that plugins provide.
public struct SpecSchema: Sendable {
  let catalog: TypeCatalog

  /// The most diagnostics that one check answers.
  public static let mostDiagnostics = 100

  /// Puts the host's schema and the types of plugins together.
  ///
  /// - Parameters:
  ///   - types: What plugins provide; of two types with the same point and name the first one counts.
  ///   - absence: Says why a type is not there and what to do, when its plugin is known but cannot be used.
  public init(
    types: [TypeSchema], absence: @escaping @Sendable (ExtensionPoint, String) -> String? = { _, _ in nil }
  ) { catalog = TypeCatalog(types, absence: absence) }

  /// The type of this name, which may be qualified with its plugin's name, as in `acme/lines_at_most`.
  public func type(_ point: ExtensionPoint, _ name: String) -> TypeSchema? { catalog[point, name] }

  /// Reads a document, checks it and decodes it.
  ///
  /// Nothing outside the document is looked at: no secret is resolved, no file opened, no plugin called.
  ///
  /// - Parameters:
  ///   - bytes: The document.
  ///   - file: The name for diagnostics, usually a path.
  /// - Returns: The spec, unless there is an error; and everything that is wrong, in document order.
  public func check(_ bytes: [UInt8], file: String) -> (Spec?, [SpecDiagnostic]) {
    var parser = YAMLParser()
    let root = parser.parse(bytes)
    var problems = parser.problems
    if let root {
      problems += self.problems(in: root)
    } else if problems.isEmpty {
      problems.append(
        SpecProblem(
          range: 0..<0, path: SpecPath(), message: "the document is empty",
          expected: "a spec with `version`, `id`, `base`, `task` and `invariants`"))
    }
    let source = SourceText(bytes)
    let diagnostics = Self.diagnostics(problems, file: file, source: source)
    guard let root, !diagnostics.contains(where: { $0.severity == .error }) else { return (nil, diagnostics) }
    let document = SpecDocument(file: file, source: source, root: root)
    return (SpecDecoder(document: document, catalog: catalog).spec(), diagnostics)
  }

  private func problems(in root: YAMLNode) -> [SpecProblem] {
    var checker = SchemaChecker(types: catalog)
    checker.check(root, HostSchema.root, at: SpecPath())
    var semantics = SemanticChecker(root: root, catalog: catalog)
    return checker.problems + semantics.check()
  }

  /// Sorts, removes what an alias repeated, and cuts to a bearable number.
  private static func diagnostics(_ problems: [SpecProblem], file: String, source: SourceText) -> [SpecDiagnostic] {
    var seen: Set<SpecProblem> = []
    var unique: [SpecProblem] = []
    for problem in problems {
      var place = problem
      place.path = SpecPath()
      if seen.insert(place).inserted { unique.append(problem) }
    }
    // Errors come before warnings when not all can be shown; ties keep the order in which they were found.
    let kept = unique.enumerated()
      .sorted { ($0.element.severity.rank, $0.offset) < ($1.element.severity.rank, $1.offset) }
      .prefix(mostDiagnostics)
      .sorted { ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset) }
    var diagnostics = kept.map { SpecDiagnostic($0.element, file: file, source: source) }
    if unique.count > mostDiagnostics {
      diagnostics.append(
        SpecDiagnostic(
          file: file, message: "there are more problems than the \(mostDiagnostics) shown",
          suggestion: "correct these first"))
    }
    return diagnostics
  }
}

extension SpecDiagnostic.Severity {
  fileprivate var rank: Int { self == .error ? 0 : 1 }
}
