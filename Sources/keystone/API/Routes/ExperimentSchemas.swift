internal import KeystoneKit

/// The schemas of experiments and their results in `/openapi.json`.
enum ExperimentSchemas {
  private static let text: JSONValue = ["type": "string"]
  private static let integer: JSONValue = ["type": "integer"]
  private static let number: JSONValue = ["type": "number"]
  private static let time: JSONValue = ["type": "string", "format": "date-time"]

  private static func object(_ required: [String], _ properties: [String: JSONValue]) -> JSONValue {
    [
      "type": "object", "required": .array(required.map { .string($0) }), "properties": .object(properties),
    ]
  }

  private static func list(_ item: JSONValue) -> JSONValue { ["type": "array", "items": item] }

  private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

  static let all: [String: JSONValue] = [
    "ExperimentCreation": object(
      ["name", "spec_id"],
      [
        "name": text, "spec_id": text, "secrets": ["type": "object", "additionalProperties": ["type": "string"]],
      ]),
    "Experiment": object(
      ["id", "name", "spec_id", "status", "created_at"],
      [
        "id": text, "name": text, "spec_id": text, "created_at": time,
        "status": ["type": "string", "enum": ["created", "running", "completed", "cancelled"]],
      ]),
    "RunStarted": object(
      ["experiment_id", "status", "total_scenarios"],
      ["experiment_id": text, "status": text, "total_scenarios": integer]),
    "RunMetrics": object(
      [
        "pass_rate", "mean_wall_ms", "p95_wall_ms", "mean_tool_calls", "mean_tokens", "total_cost_usd",
        "mean_cost_per_run_usd", "tool_success_rate", "side_effect_violations",
      ],
      [
        "pass_rate": number, "mean_wall_ms": integer, "p95_wall_ms": integer, "mean_tool_calls": number,
        "mean_tokens": integer, "total_cost_usd": number, "mean_cost_per_run_usd": number,
        "tool_success_rate": number, "side_effect_violations": integer,
      ]),
    "ScenarioResult": object(
      [
        "scenario_id", "status", "parameters", "wall_ms", "tool_calls", "composite_score", "invariants",
        "forbidden_checks",
      ],
      [
        "scenario_id": text, "sandbox_id": text, "parameters": ["type": "object"], "wall_ms": integer,
        "exit_code": integer, "tool_calls": integer, "composite_score": number, "agent_output": text,
        "agent_stderr": text, "error": text, "attempt": integer,
        "status_detail": reference("StatusDetail"),
        "status": ["type": "string", "enum": ["pass", "fail", "flaky", "error"]],
        "invariants": list(["type": "object"]), "forbidden_checks": list(["type": "object"]),
        "plugins": list(["type": "object"]),
      ]),
    "RunResults": object(
      [
        "spec_id", "experiment_id", "total_scenarios", "passed", "failed", "flaky", "errors", "metrics", "scenarios",
        "status",
      ],
      [
        "ran_at": time, "spec_id": text, "experiment_id": text, "seed": integer, "total_scenarios": integer,
        "passed": integer, "failed": integer, "flaky": integer, "errors": integer, "status": text,
        "metrics": reference("RunMetrics"), "groups": list(["type": "object"]),
        "scenarios": list(reference("ScenarioResult")),
      ]),
    "ComparisonRequest": object(
      ["baseline_id", "candidate_id"], ["baseline_id": text, "candidate_id": text]),
    "Comparison": object(
      ["baseline_id", "candidate_id", "metrics", "regressed", "regressions"],
      [
        "baseline_id": text, "candidate_id": text, "regressed": ["type": "boolean"], "regressions": list(text),
        "summary": text,
        "metrics": list(
          object(
            ["name", "baseline", "candidate", "delta", "direction", "p_value", "significant"],
            [
              "name": text, "baseline": number, "candidate": number, "delta": number, "p_value": number,
              "significant": ["type": "boolean"],
              "direction": ["type": "string", "enum": ["better", "worse", "same"]],
            ])),
      ]),
    "ExperimentMetrics": object(
      ["experiment_id", "summary", "metrics", "tool_breakdown", "cost_trend", "pass_rate_trend"],
      [
        "experiment_id": text, "summary": ["type": "object"], "metrics": reference("RunMetrics"),
        "tool_breakdown": ["type": "object"], "cost_trend": list(["type": "object"]),
        "pass_rate_trend": list(["type": "object"]),
      ]),
  ]
}
