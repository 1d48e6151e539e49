import Testing

@testable import KeystoneExperiment

/// How findings become the status of one run (http-api 6.5).
@Suite struct ScenarioVerdictTests {
  func found(_ score: Double?, weight: Double = 1, passed: Bool? = nil, gate: Bool = false) -> InvariantResult {
    InvariantResult(
      name: "check", isPassed: passed ?? (score == 1), isGate: gate, weight: weight, score: score, reason: "",
      judge: nil)
  }

  func rule(violated: Bool, evaluated: Bool = true) -> RuleResult {
    RuleResult(rule: "rule", isViolated: violated, details: "", wasEvaluated: evaluated, judge: nil)
  }

  func verdict(
    _ invariants: [InvariantResult], rules: [RuleResult] = [], threshold: Double = 1
  ) -> ScenarioVerdict {
    ScenarioVerdict(invariants: invariants, rules: rules, threshold: threshold)
  }

  @Test func withAThresholdOfOneEverythingMustPass() {
    #expect(verdict([found(1), found(1)]).status == .pass)
    #expect(verdict([found(1), found(0.999)]).status == .fail)
  }

  @Test func theCompositeIsTheWeightedMeanOfTheScores() {
    let findings = [found(1, weight: 1), found(0.5, weight: 3), found(0, weight: 0)]
    #expect(verdict(findings).composite == 0.625)
    #expect(verdict(findings, threshold: 0.625).status == .pass)
    #expect(verdict(findings, threshold: 0.63).status == .fail)
  }

  @Test func aCheckMayFailWhileTheCompositePasses() {
    #expect(verdict([found(1, weight: 9), found(0, weight: 1)], threshold: 0.9).status == .pass)
  }

  @Test func decimalWeightsDoNotMissTheirThreshold() {
    // In binary 0.7 + 0.2 + 0.1 is less than 1, and ten times 0.1 too.
    let seven = [found(1, weight: 0.7), found(1, weight: 0.2), found(1, weight: 0.1)]
    #expect(verdict(seven).status == .pass)
    #expect(verdict((0..<10).map { _ in found(1, weight: 0.1) }).status == .pass)
    #expect(verdict([found(0.1), found(0.2), found(0.6)], threshold: 0.3).status == .pass)
    let most = (0..<7).map { _ in found(1) } + (0..<3).map { _ in found(0) }
    #expect(verdict(most, threshold: 0.7).status == .pass)
    #expect(verdict([found(0.999_999)]).status == .fail)
  }

  @Test func aFailingGateForcesZeroAndFails() {
    let result = verdict([found(0.9, passed: false, gate: true), found(1, weight: 99)], threshold: 0)
    #expect(result == verdict([found(0, gate: true)], threshold: 0))
    #expect(result.status == .fail && result.composite == 0)
  }

  @Test func aPassingGateCountsLikeAnyOther() {
    let findings = [found(0.6, passed: true, gate: true), found(1)]
    #expect(verdict(findings, threshold: 0.8).composite == 0.8)
    #expect(verdict(findings, threshold: 0.8).status == .pass)
  }

  @Test func aGateWithoutWeightStillDecides() {
    #expect(verdict([found(0, weight: 0, gate: true), found(1)]).status == .fail)
    #expect(verdict([found(1, weight: 0, gate: true), found(1)]).status == .pass)
  }

  @Test func aViolatedRuleForcesZeroAndFails() {
    let result = verdict([found(1)], rules: [rule(violated: false), rule(violated: true)], threshold: 0)
    #expect(result.status == .fail && result.composite == 0)
    #expect(verdict([found(1)], rules: [rule(violated: false)]).status == .pass)
  }

  @Test func aCheckThatCannotJudgeMakesAnErrorWhateverTheOthersSay() {
    #expect(verdict([found(1), found(nil)]).status == .error)
    #expect(verdict([found(0, gate: true), found(nil)]).status == .error)
    #expect(verdict([found(1), found(nil)], threshold: 0).status == .error)
    #expect(verdict([found(nil)]).composite == 0)
  }

  @Test func aRuleThatCannotBeEvaluatedMakesAnErrorWithoutAScore() {
    let result = verdict([found(1)], rules: [rule(violated: true, evaluated: false)])
    #expect(result.status == .error && result.composite == 0)
  }

  @Test func nothingToJudgeDoesNotPass() {
    #expect(verdict([]).status == .fail && verdict([]).composite == 0)
    #expect(ScenarioVerdict.error.status == .error && ScenarioVerdict.error.composite == 0)
  }
}
