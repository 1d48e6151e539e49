import KeystoneKit
import KeystoneTestKit
import Testing

@Suite struct ExampleNameTests {
  @Test func conforms() async throws {
    try await NotifierConformance.check(ExampleName.self, parameters: ["url": "https://chat.example.com/hooks/1"])
  }
}
