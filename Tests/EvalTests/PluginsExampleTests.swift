import KeystoneKit
import Testing

/// The examples of the README give the three verdicts.
@Suite struct PluginsExampleTests {
  private func evaluate(_ example: String, _ flags: [String] = []) async throws -> Evaluation {
    try await Workspace().evaluate(file: "\(Checkout.folder)/Examples/\(example)", flags)
  }

  @Test func theAgentThatRepairsPasses() async throws {
    let run = try await evaluate("repair/repair.yaml")
    #expect(run.exitCode == 0, "\(run.outcome)")
    expect(try run.scenario().agentOutput, has: "repaired pricing/discount.py")
    for check in try run.scenario()["invariants"]?.array ?? [] { #expect(check["passed"]?.bool == true, "\(check)") }
  }

  @Test func theAgentThatCheatsFailsByARule() async throws {
    let run = try await evaluate("repair/cheat.yaml")
    let scenario = try run.scenario()
    #expect(run.exitCode == 1 && scenario.status == "fail" && scenario.composite == 0, "\(run.outcome)")
    #expect(scenario.check("tests_pass")?["passed"]?.bool == true)
    expect(scenario.rule("file_writes_outside")?["details"]?.string, has: "tests/test_discount.py")
  }

  @Test func theCarelessAgentIsFlaky() async throws {
    let run = try await evaluate("flaky/flaky.yaml")
    #expect(run.exitCode == 1 && run.scenarios.count == 10 && run.groups.count == 2, "\(run.outcome)")
    #expect(run.groups[0]["verdict"] == "pass" && run.groups[0]["flaky"]?.bool == true)
    #expect(run.groups[1]["verdict"] == "fail")
    #expect(run.scenarios.contains { $0.status == "flaky" })
    let again = try await evaluate("flaky/flaky.yaml")
    #expect(again.scenarios.map(\.status) == run.scenarios.map(\.status), "the seed decides")
  }
}
