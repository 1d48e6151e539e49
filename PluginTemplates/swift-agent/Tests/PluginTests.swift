import KeystoneKit
import KeystoneTestKit
import Testing

@Suite struct ExampleNameTests {
  @Test func conforms() async throws {
    try await AgentConformance.check(
      ExampleName.self,
      examples: [
        AgentExample(["line": "cat"], prompt: "Say hello.", exitCode: 0, output: "Say hello."),
        AgentExample(["line": "echo failed >&2; exit 3"], exitCode: 3),
      ])
  }
}
