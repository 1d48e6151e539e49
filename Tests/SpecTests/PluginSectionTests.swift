import KeystoneKit
import Testing

@testable import KeystoneSpec

/// One case per rule of the sections whose shape plugins define.
@Suite struct PluginSectionTests {
  @Test(arguments: [
    Mistake(
      "type: command_exit", "type: comand_exit", at: "invariants.second.check.type",
      "unknown invariant type `comand_exit`", suggests: "did you mean `command_exit`?"),
    Mistake(
      "type: command_exit", "type: sql", at: "invariants.second.check.type", "unknown invariant type `sql`",
      suggests: "`sql` is a fixture type"),
    Mistake(
      "type: command_exit", "type: zebra", at: "invariants.second.check.type", "unknown",
      suggests: "keystone plugin list"),
    Mistake("check: {type: command_exit, command", "check: {command", at: "invariants.second.check", "lacks `type`"),
    Mistake(
      "type: acme/lines_at_most", "type: acme/lines", at: "invariants.lines.check.type",
      "unknown invariant type `acme/lines`"),
    Mistake(
      "command: npm test", "comand: npm test, command: x", at: "invariants.second.check.comand", "has no key `comand`"),
    Mistake(
      "command: npm test", "command: npm test, exit_code: one", at: "invariants.second.check.exit_code",
      "must be a whole number"),
    Mistake(
      "command: npm test", "command: npm test, exit_code: 256", at: "invariants.second.check.exit_code", "too large",
      expects: "from 0 to 255"),
    Mistake("command: npm test", "command: \"\"", at: "invariants.second.check.command", "is empty"),
    Mistake("command: npm test", "exit_code: 1", at: "invariants.second.check", "lacks `command`"),
    Mistake(
      "command: npm test", "command: npm test, weight: 2", at: "invariants.second.check.weight",
      "belongs to the invariant", suggests: "move it beside `check`"),
    Mistake(
      "field: request_count", "field: request_cont", at: "invariants.charged_once.check.assertions[0].field",
      "cannot be", suggests: "`request_count`"),
    Mistake(
      "filters: {path: /v1/charge}", "filter: {}", at: "invariants.charged_once.check.assertions[0].filter",
      "has no key", suggests: "`filters`"),
    Mistake("weight: 0.5", "weight: -1", at: "invariants.second.weight", "too small"),
    Mistake("weight: 0.5", "wieght: 0.5", at: "invariants.second.wieght", "has no key", suggests: "`weight`"),
    Mistake(
      "gate: true", "gate: \"true\"", at: "invariants.second.gate", "must be `true` or `false`",
      suggests: "remove the quotes"),
    Mistake("timeout: 500ms", "timeout: soon", at: "invariants.charged_once.check.timeout", "cannot be `soon`"),
    Mistake("count: \"{{ matrix.rows }}\"", "count: 0", at: "fixtures[1].count", "too small"),
    Mistake("strategy: random_mismatches", "strategy: random", at: "fixtures[1].strategy", "cannot be `random`"),
    Mistake("- type: sql", "- type: sqll", at: "fixtures[0].type", "unknown fixture type `sqll`", suggests: "`sql`"),
    Mistake("type: cli", "type: clii", at: "agent.type", "unknown agent type `clii`", suggests: "`cli`"),
    Mistake("binary: /usr/bin/agent", "binary: [a]", at: "agent.binary", "must be a string, not a list"),
    Mistake("timeout: 1h30m", "timeout: 30m1h", at: "agent.timeout", "cannot be `30m1h`"),
    Mistake("model: m", "modle: m", at: "agent.modle", "has no key", suggests: "`model`"),
    Mistake(
      "secrets_in_logs: deny", "secret_in_logs: deny", at: "forbidden.secret_in_logs", "unknown forbidden rule type",
      suggests: "`secrets_in_logs`"),
    Mistake(
      "secrets_in_logs: deny", "secrets_in_logs: allow", at: "forbidden.secrets_in_logs", "cannot be `allow`",
      expects: "`deny`"),
    Mistake(
      "db_writes_outside: [users]", "db_writes_outside: users", at: "forbidden.db_writes_outside",
      "must be a list, not a string"),
    Mistake("limits: {calls: 3}", "limits: {cals: 3}", at: "forbidden.limits.cals", "has no key", suggests: "`calls`"),
    Mistake(
      "notify: slack", "notify: slak", at: "alerts[0].notify", "unknown notifier type `slak`", suggests: "`slack`"),
    Mistake(
      "slack_channel: \"#a\"", "slack_chanel: \"#a\"", at: "alerts[0].slack_chanel", "has no key",
      suggests: "`slack_channel`"),
  ])
  func mistakesAreFoundAtTheirPlace(_ mistake: Mistake) throws { try mistake.verify() }

  @Test func aParameterThatIsMissingAndNotMisspeltIsNamed() {
    let found = diagnose(fullSpec.replacing("slack_channel:", with: "room:"))
    #expect(found.map(\.path) == ["alerts[0]", "alerts[0].room"])
    #expect(found[0].message == "`alerts[0]` lacks `slack_channel`")
  }

  @Test func templatesStandForNumbersAndBooleansInParametersOnly() throws {
    _ = try decode(fullSpec.replacing("binary: /usr/bin/agent", with: "binary: x\n  quiet: \"{{ matrix.model }}\""))
    try Mistake(
      "binary: /usr/bin/agent", "binary: x\n  quiet: \"no template\"", at: "agent.quiet", "must be `true` or `false`"
    ).verify()
    try Mistake(
      "replicas: 10", "replicas: \"{{ matrix.rows }}\"", at: "parallelism.replicas", "must be a whole number",
      suggests: "a template cannot stand here"
    ).verify()
  }

  @Test func qualifiedNamesFindThePluginsType() throws {
    let text = minimalSpec.replacing("type: file_exists", with: "type: example/file_exists")
    #expect(try decode(text).invariants[0].type == "example/file_exists")
  }

  @Test func withoutPluginsEveryTypeIsUnknownAndTheMessageSaysWhereTypesComeFrom() throws {
    let found = diagnose(minimalSpec, SpecSchema(types: []))
    #expect(found.map(\.path) == ["invariants.done.check.type"])
    #expect(found[0].suggestion?.contains("`keystone plugin list`") == true)
  }

  @Test func anOpenSchemaTakesUnknownParameters() throws {
    let open = TypeSchema(
      point: .invariant, type: "file_exists", description: "Open.",
      parameters: ["type": "object", "additionalProperties": true], plugin: "open")
    #expect(try decode(minimalSpec, SpecSchema(types: [open])).invariants[0].parameters == ["path": "out.txt"])
  }

  @Test func alternativesReportTheClosestOne() throws {
    let either = TypeSchema(
      point: .invariant, type: "file_exists", description: "Either.",
      parameters: [
        "type": "object",
        "properties": [
          "path": ["oneOf": [["type": "string"], ["type": "array", "items": ["type": "string"]]]]
        ],
      ], plugin: "either")
    let schema = SpecSchema(types: [either])
    _ = try decode(minimalSpec.replacing("out.txt", with: "[a, b]"), schema)
    let item = diagnose(minimalSpec.replacing("out.txt", with: "[a, 2]"), schema)
    #expect(item.map(\.path) == ["invariants.done.check.path[1]"])
    let neither = diagnose(minimalSpec.replacing("out.txt", with: "7"), schema)
    #expect(neither.map(\.expected) == ["a string, or a list, each entry a string"])
  }

  @Test func parametersOutsideDocumentsAreCheckedToo() {
    let good = exampleSchema.problems(in: ["command": "x", "exit_code": 1], of: .invariant, type: "command_exit")
    #expect(good.isEmpty)
    let bad = exampleSchema.problems(in: ["command": 1, "exit": 2], of: .invariant, type: "command_exit")
    #expect(bad.map(\.path).sorted() == ["$.command", "$.exit"])
    #expect(exampleSchema.problems(in: [:], of: .agent, type: "none").map(\.path) == ["$"])
  }
}
