package import KeystoneSpec

/// How the runs of one matrix cell become one verdict.
package struct GroupVerdict: Sendable, Hashable {
  /// `pass`, `fail` or `error`.
  package var verdict: ScenarioStatus
  /// Whether some runs passed and some did not.
  package var isFlaky: Bool
  /// How many runs passed.
  package var passed: Int
  /// How many runs there were.
  package var replicas: Int

  /// Combines the statuses of a group's runs; errors count as not passed.
  ///
  /// A group that does not pass is `fail`, or `error` when none of its runs failed.
  package init(_ statuses: [ScenarioStatus], by strategy: SpecAggregation) {
    replicas = statuses.count
    passed = statuses.count { $0 == .pass }
    isFlaky = passed > 0 && passed < replicas
    let isPassed =
      switch strategy {
      case .allMustPass: passed == replicas
      case .majority: 2 * passed > replicas
      case .percentage(let rate): Double(passed) >= rate * Double(replicas) - 1e-9
      }
    verdict = isPassed ? .pass : statuses.contains(.fail) ? .fail : .error
  }

  /// The status of a run of this group: one that failed in a group that passes is `flaky`.
  package func status(of run: ScenarioStatus) -> ScenarioStatus { run == .fail && verdict == .pass ? .flaky : run }
}
