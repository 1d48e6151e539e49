import KeystoneKit
import Testing

@testable import KeystoneRecords

/// Alert rules as clients send them (http-api 9).
@Suite struct AlertRuleTests {
  func rule(_ text: String) throws -> AlertRule { try AlertRule(JSONValue(parsing: text)) }

  @Test func everyOtherMemberIsAParameterOfTheNotifier() throws {
    let rule = try rule(
      #"{"id":"a","name":"n","condition":"pass_rate<0.8","eval_id":"s","window":"last_5_runs","notify":"pager","level":3,"webhook_url":null}"#
    )
    #expect(rule.parameters == ["level": 3])
    #expect(rule.window == .runs(5) && rule.evalID == "s" && rule.notifier == "pager" && rule.id == "a")
    #expect(try AlertRule(rule.body).parameters == ["level": 3])
  }

  @Test(
    arguments: [
      "pass_rate<0.8", "pass_rate  <=  1", "mean_wall_ms > 1000", "p95_wall_ms>=5", "total_cost_usd == 0",
      "tool_success_rate != 1", "side_effect_violations > 0", "mean_tool_calls < 2.5", "mean_cost_per_run_usd>.5",
    ])
  func acceptsConditions(_ condition: String) throws {
    _ = try rule(JSONValue.object(["name": "n", "notify": "webhook", "condition": .string(condition)]).text)
  }

  @Test(
    arguments: [
      #"{"condition":"pass_rate<1","notify":"w"}"#, #"{"name":"n","notify":"w"}"#,
      #"{"name":"n","condition":"pass_rat<1","notify":"w"}"#, #"{"name":"n","condition":"pass_rate=<1","notify":"w"}"#,
      #"{"name":"n","condition":"pass_rate<x","notify":"w"}"#, #"{"name":"n","condition":"pass_rate<1"}"#,
      #"{"name":"n","condition":"pass_rate<1","notify":"w","window":"last_0_runs"}"#, "[]",
      #"{"name":"n","condition":"pass_rate<1","notify":"w","window":"last_week"}"#, #"{"name":7}"#,
    ])
  func refusesRulesThatCannotWork(_ text: String) throws {
    #expect(throws: InvalidRecord.self) { try rule(text) }
  }

  @Test func aWindowsValueIsTheMeanOfItsRuns() {
    let mean = AlertMetrics.mean(of: [["pass_rate": 1, "x": "no"], ["pass_rate": 0.5], ["pass_rate": 0, "y": 4]])
    #expect(mean == ["pass_rate": 0.5, "y": 4.0])
  }
}
