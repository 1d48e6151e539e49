import KeystoneKit
import KeystoneSpec

/// What one invariant found, and who judged.
package struct InvariantResult: Sendable, Hashable {
  /// The name in the spec.
  package var name: String
  /// Whether it passed.
  package var isPassed: Bool
  /// Whether a failure forces the composite score to 0.
  package var isGate: Bool
  /// The share in the composite score.
  package var weight: Double
  /// From 0 to 1; `nil` when the check could not judge.
  package var score: Double?
  /// Why.
  package var reason: String
  /// Who judged.
  package var judge: Provenance?
}

/// What one forbidden rule found, and who looked.
package struct RuleResult: Sendable, Hashable {
  /// The rule's type.
  package var rule: String
  /// Whether it was violated, or could not be evaluated.
  package var isViolated: Bool
  /// What was done, or why the rule could not be evaluated.
  package var details: String
  /// Whether it could be evaluated.
  package var wasEvaluated: Bool
  /// Who looked.
  package var judge: Provenance?
}

/// Which plugin did something: name, version and the digest of its file.
package struct Provenance: Sendable, Hashable {
  /// The plugin's name.
  package var plugin: String
  /// Its version.
  package var version: String
  /// The SHA-256 of its file in hexadecimal.
  package var digest: String
}

/// How findings become the status of one run (http-api 6.5).
package struct ScenarioVerdict: Sendable, Hashable {
  /// `pass`, `fail` or `error`.
  package var status: ScenarioStatus
  /// From 0 to 1.
  package var composite: Double

  /// Combines findings.
  ///
  /// - Parameters:
  ///   - invariants: What the checks found.
  ///   - rules: What the rules found.
  ///   - threshold: The composite score that passes.
  package init(invariants: [InvariantResult], rules: [RuleResult], threshold: Double) {
    let couldNotJudge = invariants.contains { $0.score == nil } || rules.contains { !$0.wasEvaluated }
    let isForced = invariants.contains { $0.isGate && !$0.isPassed } || rules.contains(where: \.isViolated)
    composite = isForced ? 0 : Self.weightedMean(invariants)
    if couldNotJudge {
      status = .error
    } else {
      // A sum of decimal weights such as 0.7 + 0.3 must not miss its threshold by a rounding error.
      status = !isForced && composite >= threshold - 1e-9 ? .pass : .fail
    }
  }

  private static func weightedMean(_ invariants: [InvariantResult]) -> Double {
    let judged = invariants.filter { $0.score != nil }
    let total = judged.reduce(0) { $0 + $1.weight }
    guard total > 0 else { return 0 }
    return judged.reduce(0) { $0 + $1.weight * ($1.score ?? 0) } / total
  }
}

/// The status of one run, or of a group.
package enum ScenarioStatus: String, Sendable, Hashable {
  /// Everything was as it should be.
  case pass
  /// Something was not.
  case fail
  /// It failed in a group whose verdict is pass.
  case flaky
  /// It could not be run or judged.
  case error
}
