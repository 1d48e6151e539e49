import KeystoneKit
import Testing

@Suite struct RegularExpressionTests {
  private func matches(_ pattern: String, _ text: String, isLiteral: Bool = false) throws -> Bool {
    try RegularExpression(pattern, isLiteral: isLiteral).matches(Array(text.utf8))
  }

  @Test func anchorsMatchAtEveryLine() throws {
    #expect(try matches("^b$", "a\nb\nc"))
    #expect(try !matches("(?-m)^b$", "a\nb\nc"))
  }

  @Test func literalsMeanThemselves() throws {
    #expect(try matches("a.b*", "xa.b*y", isLiteral: true))
    #expect(try !matches("a.b*", "xaxbby", isLiteral: true))
    #expect(try matches("", "", isLiteral: true))
  }

  @Test func charactersAreWhole() throws {
    #expect(try matches("^.$", "é"))
    #expect(try matches("é", "caf\u{e9}"))
  }

  @Test func contentNeedNotBeText() throws {
    let content: [UInt8] = [0xff, 0xfe, 0x80, 0x80, UInt8(ascii: "o"), UInt8(ascii: "k"), 0x00, 0xc3]
    #expect(try RegularExpression("ok").matches(content))
    #expect(try !RegularExpression("no").matches(content))
  }

  @Test func aMatchFarIntoTheContentIsFound() throws {
    let content = [UInt8](repeating: UInt8(ascii: "a"), count: 3 << 20) + Array("needle é".utf8)
    #expect(try RegularExpression("(?<=a)ne{2}dle\\s.$").matches(content))
    #expect(try RegularExpression("\\Aa+needle").matches(content))
    #expect(try !RegularExpression("\\Aneedle").matches(content))
    #expect(try RegularExpression("needle", isLiteral: true).matches(content))
  }

  @Test(arguments: ["(", "[a", "a{2,1}", "(?<n>a)\\k<m>", "*"])
  func aMalformedPatternIsAnErrorWithItsPlace(_ pattern: String) {
    let error = #expect(throws: PluginError.self) { try RegularExpression(pattern).matches([]) }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains("at offset") == true)
  }

  @Test func catastrophicPatternsEndInAnError() {
    let text = String(repeating: "a", count: 40) + "!"
    let error = #expect(throws: PluginError.self) { try matches("(a+)+$", text) }
    #expect(error?.code == .exhausted)
  }

  @Test func aQuadraticSearchEndsWhenItsTaskIsCancelled() async {
    // Cheap at each starting point, so no match limit stops it; all of them together would take hours.
    let content = [UInt8](repeating: UInt8(ascii: "a"), count: 8 << 20) + Array("xd".utf8)
    let search = Task.detached {
      withUnsafeCurrentTask { $0?.cancel() }
      return try RegularExpression("(?=(a*+)[bc]).d").matches(content)
    }
    await #expect(throws: CancellationError.self) { try await search.value }
  }
}
