package import KeystoneKit
package import KeystoneSpec

/// The results of an experiment, made from those of its scenarios (http-api 6.3, with `groups[]`).
package struct RunResults: Sendable {
  /// One group per matrix cell that was run.
  package struct Group: Sendable {
    /// The values of the cell.
    package var parameters: [String: JSONValue]
    /// The verdict over its runs.
    package var verdict: GroupVerdict
    /// The ids of its runs.
    package var scenarios: [String]
  }

  /// The groups, in document order.
  package var groups: [Group]
  /// The scenario objects, with the statuses that follow from their groups.
  package var scenarios: [JSONValue]
  /// The whole object.
  package var json: JSONValue

  /// Combines the results of an experiment.
  ///
  /// - Parameters:
  ///   - record: The experiment.
  ///   - planned: All scenarios that belong to it.
  ///   - results: The results so far: scenario objects with the status of each run alone.
  ///   - strategy: How runs become a verdict.
  ///   - ranAt: When it was run, RFC 3339.
  package init(
    record: ExperimentRecord, planned: [PlannedScenario], results: [JSONValue], strategy: SpecAggregation, ranAt: String
  ) {
    let byID = Dictionary(
      results.compactMap { result in result["scenario_id"]?.string.map { ($0, result) } },
      uniquingKeysWith: { _, last in last })
    var groups: [Group] = []
    var scenarios: [JSONValue] = []
    for cell in Set(planned.map(\.cell)).sorted() {
      let members = planned.filter { $0.cell == cell }
      let done = members.compactMap { byID[$0.id] }
      guard !done.isEmpty else { continue }
      let verdict = GroupVerdict(done.map(Self.status), by: strategy)
      groups.append(
        Group(
          parameters: members[0].parameters, verdict: verdict, scenarios: done.compactMap { $0["scenario_id"]?.string })
      )
      scenarios += done.map { result in
        var result = result
        result["status"] = .string(verdict.status(of: Self.status(result)).rawValue)
        return result
      }
    }
    self.groups = groups
    self.scenarios = scenarios
    json = Self.object(record, total: planned.count, groups, scenarios, ranAt)
  }

  /// The results of a run that is under way, without its scenarios: the status of each run alone is counted.
  package static func progress(_ record: ExperimentRecord, figures: [JSONValue]) -> JSONValue {
    var object = object(record, total: record.total, [], figures, record.ranAt ?? record.createdAt)
    object["scenarios"] = nil
    return object
  }

  private static func status(_ result: JSONValue) -> ScenarioStatus {
    result["status"]?.string.flatMap(ScenarioStatus.init) ?? .error
  }

  private static func object(
    _ record: ExperimentRecord, total: Int, _ groups: [Group], _ scenarios: [JSONValue], _ ranAt: String
  ) -> JSONValue {
    func count(_ status: ScenarioStatus) -> JSONValue {
      .integer(Int64(scenarios.count { Self.status($0) == status }))
    }
    return [
      "ran_at": .string(ranAt), "spec_id": .string(record.specID), "experiment_id": .string(record.id),
      "seed": .integer(record.seed), "total_scenarios": .integer(Int64(total)), "passed": count(.pass),
      "failed": count(.fail), "flaky": count(.flaky), "errors": count(.error),
      "metrics": RunMetrics.json(of: scenarios), "groups": .array(groups.map(\.json)), "scenarios": .array(scenarios),
    ]
  }

  /// The object without its scenarios, for a store that has them already.
  package var summary: JSONValue {
    var summary = json
    summary["scenarios"] = nil
    return summary
  }

  /// The verdict over all groups: `error` before `fail` before `pass`.
  package var verdict: ScenarioStatus {
    let verdicts = groups.map(\.verdict.verdict)
    if verdicts.isEmpty || verdicts.contains(.error) { return .error }
    return verdicts.contains(.fail) ? .fail : .pass
  }
}

extension RunResults.Group {
  var json: JSONValue {
    [
      "parameters": .object(parameters), "replicas": .integer(Int64(verdict.replicas)),
      "passed": .integer(Int64(verdict.passed)), "verdict": .string(verdict.verdict.rawValue),
      "flaky": .bool(verdict.isFlaky), "scenarios": .array(scenarios.map { .string($0) }),
    ]
  }
}
