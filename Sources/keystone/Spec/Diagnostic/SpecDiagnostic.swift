public import KeystoneKit

/// Something that is wrong with a spec, and where.
public struct SpecDiagnostic: Error, Sendable, Hashable {
  /// How bad it is.
  public enum Severity: String, Sendable, Hashable {
    /// The spec cannot be used.
    case error
    /// The spec can be used, but probably does not mean what it says.
    case warning
  }

  /// How bad it is.
  public var severity: Severity
  /// The document, usually a path.
  public var file: String
  /// The stretch of the document that it is about; `nil` when it is about the file as a whole.
  public var range: SourceRange?
  /// The path of the node in the spec, such as `invariants.tests_pass.check.type`; empty for the whole spec.
  public var path: String
  /// What is wrong, in one sentence.
  public var message: String
  /// What would be right, when that can be said.
  public var expected: String?
  /// What to do, when that can be said.
  public var suggestion: String?
  /// The line of the document, made fit to be shown, with the column of the caret counted from 1.
  var excerpt: SourceExcerpt?

  /// Describes a problem of a file as a whole.
  public init(
    severity: Severity = .error, file: String, message: String, expected: String? = nil, suggestion: String? = nil
  ) {
    self.severity = severity
    self.file = file
    self.path = ""
    self.message = message
    self.expected = expected
    self.suggestion = suggestion
  }

  init(_ problem: SpecProblem, file: String, source: SourceText) {
    self.init(
      severity: problem.severity, file: file, message: problem.message, expected: problem.expected,
      suggestion: problem.suggestion)
    self.path = problem.path.description
    let range = source.range(problem.range)
    self.range = range
    self.excerpt = SourceExcerpt(range: range, source: source)
  }
}

/// A problem before its place has been turned into line and column.
struct SpecProblem: Hashable {
  var severity = SpecDiagnostic.Severity.error
  var range: Range<Int>
  var path: SpecPath
  var message: String
  var expected: String?
  var suggestion: String?
  /// Whether the node is of the wrong kind altogether, which says more about a schema's branches than about the node.
  var isWrongKind = false
}

/// One line of a document with the columns that a diagnostic underlines.
struct SourceExcerpt: Sendable, Hashable {
  var line: String
  var column: Int
  var width: Int

  init(range: SourceRange, source: SourceText) {
    let (line, column) = Excerpt.window(of: source.line(at: range.start.offset), around: range.start.column)
    let onOneLine = range.end.line == range.start.line
    let length = onOneLine ? range.end.column - range.start.column : 1
    self.line = line
    self.column = column
    self.width = max(1, min(length, line.unicodeScalars.count - column + 1))
  }
}

extension SpecDiagnostic {
  /// The diagnostic as compilers print it: place and message, the line with a caret, what was expected, what to do.
  public var rendered: String {
    var lines = ["\(place): \(severity.rawValue): \(message)"]
    if let excerpt, let range {
      let number = String(range.start.line)
      lines.append("  \(number) | \(excerpt.line)")
      let margin = String(repeating: " ", count: number.count)
      let indent = String(repeating: " ", count: excerpt.column - 1)
      lines.append("  \(margin) | \(indent)^\(String(repeating: "~", count: excerpt.width - 1))")
    }
    if !path.isEmpty { lines.append("  at: \(path)") }
    if let expected { lines.append("  expected: \(expected)") }
    if let suggestion { lines.append("  suggestion: \(suggestion)") }
    return lines.joined(separator: "\n")
  }

  /// The diagnostic as the HTTP API and `--format json` give it.
  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "severity": .string(severity.rawValue), "file": .string(file), "path": .string(path),
      "message": .string(message),
    ]
    if let range {
      members["line"] = .integer(Int64(range.start.line))
      members["column"] = .integer(Int64(range.start.column))
    }
    if let expected { members["expected"] = .string(expected) }
    if let suggestion { members["suggestion"] = .string(suggestion) }
    return .object(members)
  }

  private var place: String {
    let name = Excerpt.clean(file, limit: 4096)
    guard let range else { return name }
    return "\(name):\(range.start.line):\(range.start.column)"
  }
}
