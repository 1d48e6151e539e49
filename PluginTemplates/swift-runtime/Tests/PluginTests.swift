import KeystoneKit
import KeystoneTestKit
import Testing

@Suite struct ExampleNameTests {
  @Test func conforms() async throws {
    try await RuntimeConformance.check(ExampleName.self)
  }
}
