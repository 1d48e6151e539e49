import Glibc
import KeystoneKit
import Testing

/// `keystone doctor` says what works here and what to do about the rest.
@Suite(.timeLimit(.minutes(15)))
struct DoctorTests {
  @Test(arguments: Operator.possible)
  func whatItSaysIsWhatARunFinds(_ who: Operator) async throws {
    let workspace = try who.workspace()
    let outcome = try await workspace.run(["doctor", "--format", "json"])
    let found = try JSONValue(parsing: outcome.stdout)
    let local = try #require(found["runtimes"]?.array?.first { $0["type"] == "local" }, "\(outcome)")
    let run = try await workspace.evaluate(EvalSpec(agent: "true"), ["--runtime", "local"])
    let limits = try run.scenario()["environment"]?["limits"]
    // A run names no disk limit, and says the same of it.
    #expect(outcome.exitCode == 0 && local["environment"]?["limits"] == limits, "\(outcome)")
    let missing = (local["missing"]?.array ?? []).compactMap { $0["what"]?.string }
    for (name, value) in limits?.object ?? [:] where value == "none" { #expect(missing.contains("limit \(name)")) }
    #expect(local["missing"]?.array?.allSatisfy { $0["todo"]?.string?.isEmpty == false } == true)
    try await workspace.expectNothingLeft()
  }

  @Test func withoutIsolationItSaysWhatToInstallAndFails() async throws {
    let workspace = try Workspace()
    let outcome = try await workspace.run(
      ["doctor"], environment: ["KEYSTONE_LOCAL_ISOLATION": "none"])
    #expect(outcome.exitCode == 1 && outcome.stdout.contains("install `bubblewrap`"), "\(outcome)")
  }
}
