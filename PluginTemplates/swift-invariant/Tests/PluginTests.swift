import KeystoneKit
import KeystoneTestKit
import Testing

@Suite struct ExampleNameTests {
  @Test func conforms() async throws {
    try await InvariantConformance.check(
      ExampleName.self,
      examples: [
        InvariantExample(.passes, ["path": "a.txt", "max": 2], files: ["a.txt": "one\ntwo\n"]),
        InvariantExample(.fails, ["path": "a.txt", "max": 1], files: ["a.txt": "one\ntwo\n"]),
        InvariantExample(.fails, ["path": "none.txt"]),
      ])
  }
}
