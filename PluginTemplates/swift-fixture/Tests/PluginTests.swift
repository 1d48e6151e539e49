import KeystoneKit
import KeystoneTestKit
import Testing

@Suite struct ExampleNameTests {
  @Test func conforms() async throws {
    try await FixtureConformance.check(
      ExampleName.self,
      examples: [
        FixtureExample(["path": "a/b.txt", "lines": 2], makes: ["a/b.txt": "line 1\nline 2\n"]),
        FixtureExample(["path": "a.txt", "lines": 0], files: ["a.txt": "old"], makes: ["a.txt": ""]),
      ])
  }
}
