import KeystoneKit
import KeystoneTestKit
import Testing

@Suite struct ExampleNameTests {
  @Test func conforms() async throws {
    try await ForbiddenRuleConformance.check(
      ExampleName.self,
      examples: [
        RuleExample(violations: 0, ["word": "sudo"], audit: ScriptedAudit.records(.output("all is well\n"))),
        RuleExample(violations: 1, ["word": "sudo"], audit: ScriptedAudit.records(.output("a"), .output("sudo rm\n"))),
      ])
  }
}
