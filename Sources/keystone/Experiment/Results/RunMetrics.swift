import KeystoneKit

/// The metrics of an experiment, from its scenario objects.
///
/// - `pass_rate`: runs with status `pass` over all runs.
/// - `mean_wall_ms`, `p95_wall_ms`: over all runs; the percentile is the smallest value that 95 % do not exceed.
/// - `mean_tokens`: input and output tokens per run, `mean_cost_per_run_usd` likewise.
/// - `mean_tool_calls`: tool calls of the traces per run; `tool_success_rate`: calls that did not fail over calls, 1 when
///   there are none.
/// - `side_effect_violations`: violated forbidden rules, counted per run and rule.
enum RunMetrics {
  static func json(of scenarios: [JSONValue]) -> JSONValue {
    let count = Double(max(1, scenarios.count))
    let walls = scenarios.compactMap { $0["wall_ms"]?.int }.sorted()
    let passed = scenarios.count { $0["status"]?.string == "pass" }
    let cost = scenarios.reduce(0) { $0 + ($1["cost"]?["estimated_usd"]?.double ?? 0) }
    let tokens = scenarios.reduce(0) { sum, scenario in
      sum + (scenario["cost"]?["input_tokens"]?.int ?? 0) + (scenario["cost"]?["output_tokens"]?.int ?? 0)
    }
    let violations = scenarios.reduce(0) { sum, scenario in
      sum + (scenario["forbidden_checks"]?.array ?? []).count { $0["violated"]?.bool == true }
    }
    let calls = scenarios.reduce(0) { $0 + ($1["tool_calls"]?.int ?? 0) }
    let failures = scenarios.reduce(0) { $0 + ($1["tool_failures"]?.int ?? 0) }
    let percentile = walls.isEmpty ? 0 : walls[max(0, Int((Double(walls.count) * 0.95).rounded(.up)) - 1)]
    return [
      "pass_rate": .number(Double(passed) / count),
      "mean_wall_ms": .integer(Int64((Double(walls.reduce(0, +)) / count).rounded())),
      "p95_wall_ms": .integer(percentile),
      "mean_tool_calls": .number(Double(calls) / count),
      "mean_tokens": .integer(Int64((Double(tokens) / count).rounded())),
      "total_cost_usd": .number(cost),
      "mean_cost_per_run_usd": .number(cost / count),
      "tool_success_rate": .number(calls == 0 ? 1 : Double(calls - failures) / Double(calls)),
      "side_effect_violations": .integer(Int64(violations)),
    ]
  }
}
