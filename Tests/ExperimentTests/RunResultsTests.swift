import KeystoneKit
import KeystoneSpec
import Testing

@testable import KeystoneExperiment

/// The RunResults object (http-api 6.3).
@Suite struct RunResultsTests {
  let record = ExperimentRecord(
    id: "exp-1", name: "Name", specID: "spec", specFile: "spec.yaml", spec: "", seed: 9, status: "running",
    createdAt: "2026-01-02T03:04:05.000Z")

  func planned(_ cell: Int, _ replicas: Int) -> [PlannedScenario] {
    (0..<replicas).map { replica in
      PlannedScenario(
        id: "c\(cell + 1)-r\(replica + 1)", ordinal: cell * replicas + replica, cell: cell, replica: replica,
        parameters: ["cell": .integer(Int64(cell))], seed: Int64(replica))
    }
  }

  func result(_ id: String, _ status: String, wall: Int64 = 10, more: [String: JSONValue] = [:]) -> JSONValue {
    .object(["scenario_id": .string(id), "status": .string(status), "wall_ms": .integer(wall)].merging(more) { $1 })
  }

  func results(
    _ planned: [PlannedScenario], _ results: [JSONValue], _ strategy: SpecAggregation = .allMustPass
  ) -> RunResults {
    RunResults(record: record, planned: planned, results: results, strategy: strategy, ranAt: record.createdAt)
  }

  @Test func countersAndStatusesFollowFromTheGroups() {
    let run = results(
      planned(0, 3) + planned(1, 3),
      [
        result("c1-r1", "pass"), result("c1-r2", "fail"), result("c1-r3", "pass"), result("c2-r1", "fail"),
        result("c2-r2", "pass"), result("c2-r3", "error"),
      ], .majority)
    #expect(run.scenarios.map { $0["status"]?.string } == ["pass", "flaky", "pass", "fail", "pass", "error"])
    let counters = ["total_scenarios", "passed", "failed", "flaky", "errors"].map { run.json[$0] }
    #expect(counters == [6, 3, 1, 1, 1])
    #expect(run.groups.map(\.verdict.verdict) == [.pass, .fail] && run.verdict == .fail)
    let group: JSONValue = [
      "parameters": ["cell": 0], "replicas": 3, "passed": 2, "verdict": "pass", "flaky": true,
      "scenarios": ["c1-r1", "c1-r2", "c1-r3"],
    ]
    #expect(run.json["groups"]?.array?.first == group)
  }

  @Test func groupsComeInDocumentOrderWhateverEndedFirst() {
    let all = (0..<12).flatMap { planned($0, 1) }
    let run = results(all.shuffled(), all.shuffled().map { result($0.id, "pass") })
    #expect(run.groups.map { $0.parameters["cell"]?.int } == (0..<12).map { Int64($0) })
    #expect(run.verdict == .pass)
  }

  @Test func theVerdictIsErrorBeforeFailBeforePass() {
    let all = (0..<3).flatMap { planned($0, 1) }
    func verdict(_ statuses: String...) -> ScenarioStatus {
      results(all, zip(all, statuses).map { result($0.id, $1) }).verdict
    }
    #expect(verdict("pass", "fail", "error") == .error)
    #expect(verdict("pass", "fail", "pass") == .fail)
    #expect(verdict("pass", "pass", "pass") == .pass)
    #expect(verdict() == .error)
  }

  @Test func anUnfinishedRunKeepsItsTotal() {
    let run = results(planned(0, 4), [result("c1-r2", "pass")])
    #expect(run.json["total_scenarios"] == 4 && run.json["passed"] == 1 && run.scenarios.count == 1)
  }

  @Test func metricsAreIntegersWhereTheContractSaysSo() throws {
    let scenarios = (1...20).map { number in
      result(
        "c1-r\(number)", number > 15 ? "fail" : "pass", wall: Int64(number * 100),
        more: [
          "cost": ["input_tokens": 10, "output_tokens": 5, "estimated_usd": 0.25],
          "forbidden_checks": [["rule": "a", "violated": .bool(number > 18)]],
        ])
    }
    let metrics = try #require(results(planned(0, 20), scenarios).json["metrics"])
    #expect(metrics["pass_rate"] == .number(0.75))
    #expect(metrics["mean_wall_ms"] == .integer(1050) && metrics["p95_wall_ms"] == .integer(1900))
    #expect(metrics["mean_tokens"] == .integer(15) && metrics["side_effect_violations"] == .integer(2))
    #expect(metrics["total_cost_usd"] == .number(5) && metrics["mean_cost_per_run_usd"] == .number(0.25))
    #expect(metrics["mean_tool_calls"]?.double == 0 && metrics["tool_success_rate"]?.double == 1)
  }

  @Test func metricsOfNothingAreNumbers() {
    let metrics = RunMetrics.json(of: [])
    #expect(metrics["pass_rate"] == .number(0) && metrics["p95_wall_ms"] == .integer(0))
  }
}
