import KeystoneKit
import Testing

@testable import KeystoneSpec

/// Specs that want to hurt: each must be refused quickly, with a diagnostic, and without a crash.
@Suite struct HostileInputTests {
  @Test func aliasesThatMultiplyAreCountedNotWrittenOut() throws {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...20 {
      let previous = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(previous)]\n"
    }
    try refuse(text, "too many values")
  }

  @Test func aliasesToLongTextsAreCounted() throws {
    let long = String(repeating: "x", count: 500_000)
    let aliases = Array(repeating: "*t", count: 1000).joined(separator: ", ")
    try refuse("t: &t \(long)\nall: [\(aliases)]", "too much text")
  }

  @Test func aliasesThatDeepenAreCounted() throws {
    var text = "a0: &a0 [x]\n"
    for level in 1...100 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    try refuse(text, "nested too deeply")
  }

  @Test func mergesThatMultiplyAreCounted() throws {
    let keys = (0..<1000).map { "k\($0): 1" }.joined(separator: ", ")
    var text = "m0: &m0 {\(keys)}\n"
    for level in 1...200 { text += "m\(level): {<<: *m0, a: 1}\n" }
    try refuse(text, "too many values")
  }

  @Test(arguments: ["[", "{a: ", "- ", "? "])
  func depthIsLimited(_ opening: String) throws {
    try refuse(String(repeating: opening, count: 10_000), "")
    try refuse(String(repeating: opening, count: 1_000_000), "")
  }

  @Test func blocksTenThousandDeepAreRefused() throws {
    let text = (0..<2000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
    try refuse(text, "nested too deeply")
  }

  @Test func sixtyFourLevelsAreEnough() {
    let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(diagnose(text).map(\.message) == ["the spec must be a map, not a list"])
  }

  @Test func hugeFilesAndScalarsAreRefused() throws {
    try refuse(minimalSpec + "name: " + String(repeating: "x", count: 10_000_000), "more than a spec may have")
    try refuse("name: " + String(repeating: "x", count: 2_000_000), "more than one value may have")
    try refuse("name: |\n" + String(repeating: "  x\n", count: 600_000), "more than one value may have")
  }

  @Test func hugeNumbersOfNodesAreRefused() throws {
    try refuse("a: [" + String(repeating: "1,", count: 1_000_000) + "]", "too many values")
    try refuse((0..<200_000).map { "k\($0): 1\n" }.joined(), "too many values")
  }

  @Test func oneLongLineOfManyKeysCostsNoMoreThanManyLines() throws {
    let keys = (0..<40_000).map { "ключ\($0): {a: 1}" }.joined(separator: ", ")
    try refuse("{\(keys)}", "")
  }

  @Test func manyDuplicatesAndUnknownAliasesEndEarly() {
    #expect(diagnose(String(repeating: "a: 1\n", count: 300_000)).count <= SpecSchema.mostDiagnostics + 1)
    let aliases = "a: [" + String(repeating: "*x, ", count: 200_000) + "]"
    #expect(diagnose(aliases).count <= SpecSchema.mostDiagnostics + 1)
  }

  @Test func bracesWithoutEndStayLinear() {
    let braces = String(repeating: "{{", count: 250_000)
    #expect(diagnose(minimalSpec.replacing("Do it.", with: "'\(braces)'")).isEmpty)
  }

  @Test func manyTemplatesAreFine() {
    let text = String(repeating: "{{ secrets.NONE }}", count: 50_000)
    #expect(diagnose(minimalSpec.replacing("Do it.", with: "'\(text)'")).count <= SpecSchema.mostDiagnostics + 1)
  }

  @Test func diagnosticsCarryNoControlCharacters() {
    let found = diagnose(minimalSpec + "\"\\e[31mred\\u202e\": \"\\e]0;title\\a\"\nversionn: 1\n")
    for diagnostic in found {
      let bad = diagnostic.rendered.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E }
      #expect(!bad, "\(diagnostic)")
    }
    #expect(found.count == 2)
  }

  @Test func longLinesAreCutAroundTheCaret() throws {
    let filler = String(repeating: "a", count: 50_000)
    let found = diagnose(minimalSpec + "setup: {commands: [\"\(filler)\"], comands: [\"\(filler)\"]}\n")
    let rendered = try #require(found.first).rendered
    #expect(rendered.utf8.count < 1000 && rendered.contains("comands"))
    let lines = rendered.split(separator: "\n")
    let caret = try #require(lines[2].firstIndex(of: "^"))
    #expect(
      lines[1][lines[1].index(lines[1].startIndex, offsetBy: lines[2].distance(from: lines[2].startIndex, to: caret))]
        == "c")
  }

  /// Expects errors, quickly: a quadratic reader would need minutes for these.
  private func refuse(_ text: String, _ message: String) throws {
    let clock = ContinuousClock()
    let bytes = Array(text.utf8)
    var found: [SpecDiagnostic] = []
    let time = clock.measure { found = exampleSchema.check(bytes, file: "spec.yaml").1 }
    #expect(found.contains { $0.severity == .error && $0.message.contains(message) }, "\(found.first?.rendered ?? "")")
    #expect(time < .seconds(20), "took \(time)")
  }
}
