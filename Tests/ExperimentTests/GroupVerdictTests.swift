import KeystoneSpec
import Testing

@testable import KeystoneExperiment

/// How the runs of one group become a verdict.
@Suite struct GroupVerdictTests {
  /// Runs as letters: `p` passed, `f` failed, `e` error.
  func runs(_ text: String) -> [ScenarioStatus] { text.map { $0 == "p" ? .pass : $0 == "f" ? .fail : .error } }

  @Test(
    arguments: [
      ("p", .pass), ("pppp", .pass), ("pppf", .fail), ("pppe", .error), ("pefp", .fail), ("e", .error), ("f", .fail),
    ] as [(String, ScenarioStatus)])
  func allMustPass(_ text: String, _ expected: ScenarioStatus) {
    #expect(GroupVerdict(runs(text), by: .allMustPass).verdict == expected)
  }

  @Test(
    arguments: [
      ("ppf", .pass), ("pf", .fail), ("pe", .error), ("ppff", .fail), ("pppff", .pass), ("ppe", .pass), ("pee", .error),
      ("pef", .fail),
    ] as [(String, ScenarioStatus)])
  func moreThanHalfIsAMajority(_ text: String, _ expected: ScenarioStatus) {
    #expect(GroupVerdict(runs(text), by: .majority).verdict == expected)
  }

  @Test(
    arguments: [
      ("ppppf", 0.8, .pass), ("pppff", 0.8, .fail), ("pppffppppp", 0.8, .pass), ("pppf", 0.75, .pass),
      ("pppffffppppfpppppppp", 0.75, .pass), ("f", 0, .pass), ("pppe", 0.75, .pass), ("pppe", 0.8, .error),
      ("ppp", 1, .pass),
    ] as [(String, Double, ScenarioStatus)])
  func aShareMustPass(_ text: String, _ rate: Double, _ expected: ScenarioStatus) {
    #expect(GroupVerdict(runs(text), by: .percentage(minPassRate: rate)).verdict == expected)
  }

  @Test func decimalSharesDoNotMissTheirRateByRounding() {
    for replicas in 1...100 {
      for passed in 0...replicas {
        let statuses = runs(String(repeating: "p", count: passed) + String(repeating: "f", count: replicas - passed))
        let rate = Double(passed) / Double(replicas)
        #expect(GroupVerdict(statuses, by: .percentage(minPassRate: rate)).verdict == .pass)
        guard passed > 0 else { continue }
        let fewer = Array(statuses.dropFirst()) + [.fail]
        #expect(GroupVerdict(fewer, by: .percentage(minPassRate: rate)).verdict == .fail)
      }
    }
  }

  @Test func runsThatDisagreeAreFlakyWhateverTheVerdict() {
    #expect(GroupVerdict(runs("ppf"), by: .majority).isFlaky)
    #expect(GroupVerdict(runs("pff"), by: .majority).isFlaky)
    #expect(GroupVerdict(runs("pe"), by: .allMustPass).isFlaky)
    #expect(!GroupVerdict(runs("ppp"), by: .majority).isFlaky)
    #expect(!GroupVerdict(runs("ffe"), by: .majority).isFlaky)
  }

  @Test func failuresInAGroupThatPassesAreFlakyAndErrorsStayErrors() {
    let passing = GroupVerdict(runs("pppfe"), by: .majority)
    #expect(passing.verdict == .pass && passing.passed == 3 && passing.replicas == 5)
    #expect(runs("pfe").map(passing.status) == [.pass, .flaky, .error])
    let failing = GroupVerdict(runs("pffe"), by: .majority)
    #expect(runs("pfe").map(failing.status) == [.pass, .fail, .error])
  }
}
