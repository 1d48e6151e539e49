import KeystoneKit

@testable import KeystoneSpec

/// Types as plugins would provide them; the host knows none of these names.
let exampleTypes: [TypeSchema] = [
  type(
    .invariant, "command_exit",
    [
      "type": "object",
      "properties": [
        "command": ["type": "string", "minLength": 1], "exit_code": ["type": "integer", "minimum": 0, "maximum": 255],
      ],
      "required": ["command"],
    ]),
  type(
    .invariant, "file_content",
    [
      "type": "object",
      "properties": [
        "path": ["type": "string"], "contains": ["type": "string"], "not_contains": ["type": "string"],
        "pattern": ["type": "string"],
      ],
      "required": ["path"],
    ]),
  type(
    .invariant, "file_exists",
    ["type": "object", "properties": ["path": ["type": "string"]], "required": ["path"]]),
  type(
    .invariant, "http_mock_assertions",
    [
      "type": "object",
      "properties": [
        "service": ["type": "string"],
        "assertions": [
          "type": "array", "minItems": 1,
          "items": [
            "type": "object",
            "properties": [
              "field": ["enum": ["request_count", "body"]], "filters": ["type": "object"], "equals": [:],
            ],
            "required": ["field"], "additionalProperties": false,
          ],
        ],
      ],
      "required": ["service", "assertions"],
    ]),
  type(
    .invariant, "llm_as_judge",
    [
      "type": "object",
      "properties": [
        "model": ["type": "string"], "criteria": ["type": "string"], "input_from": ["type": "string"],
        "rubric": ["type": "object"], "pass_threshold": ["type": "number", "minimum": 0, "maximum": 1],
      ],
    ]),
  type(
    .fixture, "sql",
    [
      "type": "object",
      "properties": ["service": ["type": "string"], "sql": ["type": "string"], "path": ["type": "string"]],
      "required": ["service"],
    ]),
  type(
    .fixture, "drift",
    [
      "type": "object",
      "properties": [
        "target": ["type": "string"], "count": ["type": "integer", "minimum": 1], "seed": ["type": "string"],
        "strategy": ["enum": ["random_mismatches", "nulls"]],
      ],
      "required": ["target"],
    ]),
  type(
    .agent, "cli",
    [
      "type": "object",
      "properties": [
        "binary": ["type": "string"], "args": ["type": "array", "items": ["type": "string"]],
        "retries": ["type": "integer"], "quiet": ["type": "boolean"],
      ],
      "required": ["binary"],
    ]),
  type(.agent, "paragon", ["type": "object"]),
  type(.forbidden, "db_writes_outside", ["type": "array", "items": ["type": "string"]]),
  type(.forbidden, "secrets_in_logs", ["enum": ["deny"]]),
  type(.forbidden, "file_writes_outside", ["type": "array", "items": ["type": "string"], "minItems": 1]),
  type(
    .forbidden, "limits",
    ["type": "object", "properties": ["calls": ["type": "integer"]], "additionalProperties": false]),
  type(
    .notifier, "slack",
    ["type": "object", "properties": ["slack_channel": ["type": "string"]], "required": ["slack_channel"]]),
  TypeSchema(
    point: .invariant, type: "acme/lines_at_most", description: "Counts lines.",
    parameters: ["type": "object", "properties": ["max": ["type": "integer", "default": 100]]], plugin: "acme"),
]

private func type(_ point: ExtensionPoint, _ name: String, _ parameters: JSONValue) -> TypeSchema {
  TypeSchema(point: point, type: name, description: "Is \(name).", parameters: parameters, plugin: "example")
}

let exampleSchema = SpecSchema(types: exampleTypes)

/// The least that a spec needs.
let minimalSpec = """
  version: 1
  id: minimal
  base: "ubuntu:24.04"
  task:
    prompt: Do it.
  invariants:
    done:
      check:
        type: file_exists
        path: out.txt

  """

/// A spec with every section there is.
let fullSpec = """
  version: 1
  id: full
  name: Full
  description: Everything at once.
  base: "ubuntu:24.04"
  task:
    prompt: |
      Fix it with {{ matrix.model }}.
      Do not touch {{ user.name }}.
    context: {repo: "acme/backend", depth: 3}
  setup:
    packages: [nodejs, npm]
    commands: ["npm install"]
    files:
      - path: .env
        content: "A=1"
        mode: 0640
    env: {CI: true, PORT: 8080, VERSION: 1.10}
  resources: {timeout: 10m, memory: 4Gi, cpu: 1.5, disk: 500MB, pids: 64, concurrency_limit: 2}
  fixtures:
    - type: sql
      service: db
      timeout: 90
      sql: SELECT 1
    - {type: drift, target: db.customers, strategy: random_mismatches, count: "{{ matrix.rows }}", seed: "42"}
  services:
    - name: db
      image: postgres:16
      env: {POSTGRES_PASSWORD: "{{ secrets.DB_PASSWORD }}"}
      ports: [5432]
      wait_for: pg_isready
    - name: pay
      type: http_mock
      ports: [9090]
      default_response: 404
      record: true
      routes:
        - {method: post, path: /v1/charge, response: '{"ok":true}', status: 201}
        - {path: /v1/balance, response: {balance: 1}}
  secrets:
    - API_KEY
    - name: DB_PASSWORD
      from: generated
    - {name: A, source: "env:OTHER"}
    - {name: B, source: "file:~/.b"}
    - {name: C, source: "command:op read x"}
    - {name: D, source: dashboard}
    - {name: E, from: "static://x", scope: {file_template: .ssh/id}}
    - {name: F, source: env}
    - name: G
  network:
    egress: {default: deny, allow: [github.com, "*.npmjs.org", "10.0.0.1:443"]}
    ingress: {default: deny, allow: [{from: host, to_port: 80}]}
    dns_overrides: {smtp.sendgrid.net: pay.services.internal}
  audit:
    db_writes: true
    http_calls: true
    process_spawns: true
    stdout_capture: true
    file_system: {watch: [src/], track: [writes, deletes]}
  agent:
    type: cli
    model: m
    timeout: 1h30m
    env: {X: "{{ secrets.API_KEY }}"}
    binary: /usr/bin/agent
    args: ["--task", "{{ task.prompt }}"]
    retries: "{{ matrix.rows }}"
  invariants:
    second:
      description: Second comes first.
      weight: 0.5
      gate: true
      timeout: 30s
      check: {type: command_exit, command: npm test}
    charged_once:
      check:
        type: http_mock_assertions
        service: pay
        timeout: 500ms
        assertions:
          - {field: request_count, filters: {path: /v1/charge}, equals: 1}
    lines:
      check: {type: acme/lines_at_most, max: 3}
  forbidden:
    secrets_in_logs: deny
    db_writes_outside: [users]
    limits: {calls: 3}
  scoring:
    pass_threshold: 0.9
    replica_aggregation: {strategy: percentage, min_pass_rate: 0.8}
  parallelism:
    replicas: 10
    isolation: per_run
    concurrency: 4
    matrix:
      - {model: gpt, rows: 3}
      - {model: claude, rows: 4}
  datasets:
    - emails
    - {id: more, version: 2, tags: [eu], limit: 5}
  determinism: {clock: "2026-01-01T00:00:00Z", seed: 18446744073709551615, dns: static}
  teardown:
    always_run: true
    export:
      - {type: audit_log, to: results/audit.jsonl}
      - {type: db_dump, service: db, to: results/db.sql}
  snapshots: {checkpoints: per_action}
  alerts:
    - {name: drop, eval_id: full, condition: pass_rate < 0.8, window: last_5_runs, notify: slack, slack_channel: "#a"}

  """
