import KeystoneKit
import Testing

@testable import KeystoneSpec

/// One mistake in a spec, and what the diagnostic about it must say.
struct Mistake: Sendable, CustomTestStringConvertible {
  /// The text of ``fullSpec`` or ``minimalSpec`` that is replaced.
  var original: String
  var replacement: String
  /// The path of the diagnostic.
  var path: String
  /// Text of the message.
  var says: String
  /// Text of `expected:`.
  var expects: String?
  /// Text of `suggestion:`.
  var suggests: String?
  var severity = SpecDiagnostic.Severity.error

  init(
    _ original: String, _ replacement: String, at path: String, _ says: String, expects: String? = nil,
    suggests: String? = nil, severity: SpecDiagnostic.Severity = .error
  ) {
    self.original = original
    self.replacement = replacement
    self.path = path
    self.says = says
    self.expects = expects
    self.suggests = suggests
    self.severity = severity
  }

  var testDescription: String { "\(replacement) at \(path)" }

  /// Makes the mistake in the full spec and looks for exactly the diagnostic it must lead to.
  func verify(in base: String = fullSpec) throws {
    let range = try #require(base.firstRange(of: original), "the example has no \(original)")
    let text = base.replacingCharacters(in: range, with: replacement)
    let found = diagnose(text).filter { $0.severity == severity }
    let all = found.map(\.rendered).joined(separator: "\n")
    let diagnostic = try #require(found.first { $0.path == path }, "nothing at \(path), but:\n\(all)")
    #expect(diagnostic.message.contains(says), "\(all)")
    #expect(found.count == 1, "\(all)")
    if let expects { #expect(diagnostic.expected?.contains(expects) == true, "\(all)") }
    if let suggests { #expect(diagnostic.suggestion?.contains(suggests) == true, "\(all)") }
    #expect(diagnostic.range != nil)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}

/// Everything that is wrong with a text.
func diagnose(_ text: String, _ schema: SpecSchema = exampleSchema) -> [SpecDiagnostic] {
  schema.check(Array(text.utf8), file: "spec.yaml").1
}
