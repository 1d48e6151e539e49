import KeystoneKit
import KeystoneTestKit
import Testing

/// The built-in rules, fixtures, agents and notifiers against the suites of their kinds.
@Suite struct OtherKindTests {
  @Test func fileWritesOutside() async throws {
    try await ForbiddenRuleConformance.report(
      Builtin.load("file_writes_outside"),
      examples: [
        RuleExample(violations: 1, ["paths": ["src/"]], files: ["src/a": "1", "b": "1"]) { host in
          try await host.write("2", to: "b")
          try await host.write("2", to: "src/a")
        },
        RuleExample(violations: 0, ["paths": ["."]]) { try await $0.write("2", to: "anywhere") },
      ]
    ).check()
  }

  @Test func secretsInLogs() async throws {
    try await ForbiddenRuleConformance.report(
      Builtin.load("secrets_in_logs"),
      examples: [
        RuleExample(violations: 0, audit: ScriptedAudit.records(.output("nothing"))),
        RuleExample(
          violations: 1, audit: ScriptedAudit.records(.output("ok"), .output("[secret TOKEN]", secrets: ["TOKEN"]))),
      ]
    ).check()
  }

  @Test func directory() async throws {
    try await FixtureConformance.report(
      Builtin.load("directory"),
      examples: [
        FixtureExample(
          ["source": "a", "target": "b"], files: ["a/x": "1", "a/y/z": "2"], makes: ["b/x": "1", "b/y/z": "2"]),
        FixtureExample(["source": "seed", "target": "d"], besideSpec: ["seed/x": "1"], makes: ["d/x": "1"]),
        FixtureExample(["source": "none", "target": "d"], failsWith: .notFound),
      ]
    ).check()
  }

  @Test func cli() async throws {
    try await AgentConformance.report(
      Builtin.load("cli"),
      examples: [
        AgentExample(["binary": "cat"], prompt: "Say hello.", exitCode: 0, output: "Say hello."),
        AgentExample(["binary": "sh", "args": ["-c", "exit 3"]], exitCode: 3),
        AgentExample(["binary": "/no/such/agent"], failsWith: .notFound),
      ]
    ).check()
  }

  @Test func python() async throws {
    let script = "import json, sys; print(json.load(sys.stdin)['prompt'])"
    try await AgentConformance.report(
      Builtin.load("python"),
      examples: [
        AgentExample(
          ["binary": "agent.py"], files: ["agent.py": script], prompt: "Say hello.", exitCode: 0, output: "Say hello."),
        AgentExample(["binary": "none.py"], failsWith: .notFound),
      ]
    ).check()
  }

  @Test func paragon() async throws {
    try await AgentConformance.report(Builtin.load("paragon"), examples: [AgentExample([:], failsWith: .notFound)])
      .check()
  }

  @Test func http() async throws {
    let answer = HTTPResponse(status: 200, headers: [], body: #"{"output": "hello from afar"}"#)
    try await AgentConformance.report(
      Builtin.load("http"),
      examples: [
        AgentExample(["endpoint": "https://agent.example.com/run"], responses: [answer], output: "hello from afar")
      ]
    ).check()
  }

  @Test func webhook() async throws {
    try await NotifierConformance.report(
      Builtin.load("webhook"), sample: ["webhook_url": "https://hooks.example.com/keystone"]
    ).check()
  }

  @Test func slack() async throws {
    try await NotifierConformance.report(
      Builtin.load("slack"), sample: ["slack_webhook_url": "https://hooks.slack.com/services/T/B/x"]
    ).check()
  }
}

/// The built-in types that work with services, against a host that has none, or scripted ones.
@Suite struct ServiceKindTests {
  private static func recorded(_ path: String, _ body: String) -> RecordedRequest {
    RecordedRequest(
      sequence: 1, timestamp: "2026-01-01T00:00:00Z", phase: "agent", method: "POST", scheme: "http",
      host: "payment-api", port: 80, path: path, headers: ["content-type": "application/json"], body: body,
      json: try? JSONValue(parsing: body), status: 200)
  }

  @Test func httpMockAssertions() async throws {
    let count: JSONValue = ["service": "payment-api", "assertions": [["field": "request_count", "equals": 1]]]
    let amount: JSONValue = ["service": "payment-api", "assertions": [["field": "json.amount", "equals": 42]]]
    let recordings = ["payment-api": [Self.recorded("/charge", #"{"amount": 42}"#)]]
    try await InvariantConformance.report(
      Builtin.load("http_mock_assertions"),
      examples: [
        InvariantExample(.passes, count, recordings: recordings),
        InvariantExample(.passes, amount, recordings: recordings),
        InvariantExample(.fails, count, recordings: ["payment-api": []]),
        InvariantExample(.cannotJudge(.notFound), count),
      ]
    ).check()
  }

  @Test func sqlInvariant() async throws {
    try await InvariantConformance.report(
      Builtin.load("sql"), type: "sql",
      examples: [InvariantExample(.cannotJudge(.notFound), ["service": "db", "query": "SELECT 1", "equals": 1])]
    ).check()
  }

  @Test func sqlFixture() async throws {
    try await FixtureConformance.report(
      Builtin.load("sql"), type: "sql",
      examples: [FixtureExample(["service": "db", "sql": "SELECT 1"], failsWith: .notFound)]
    ).check()
  }

  @Test func drift() async throws {
    try await FixtureConformance.report(
      Builtin.load("drift"),
      examples: [FixtureExample(["target": "db.customers", "strategy": "null_values"], failsWith: .notFound)]
    ).check()
  }

  @Test func dbWritesOutside() async throws {
    let audit = ScriptedAudit.records(
      .databaseWrite(service: "db", table: "orders", operation: "INSERT", statement: "INSERT INTO orders VALUES (1)"),
      .databaseWrite(
        service: "db", schema: "public", table: "users", operation: "DELETE", statement: "DELETE FROM public.users"))
    try await ForbiddenRuleConformance.report(
      Builtin.load("db_writes_outside"),
      examples: [
        RuleExample(violations: 1, ["tables": ["orders"]], audit: audit),
        RuleExample(violations: 0, ["tables": ["orders", "public.*"]], audit: audit),
        RuleExample(violations: 0, ["tables": []], audit: []),
      ]
    ).check()
  }

  @Test func httpExcept() async throws {
    let audit = ScriptedAudit.records(
      .http("GET", host: "api.example.com", path: "/", status: 200),
      .http("GET", host: "evil.example", path: "/", status: 200))
    try await ForbiddenRuleConformance.report(
      Builtin.load("http_except"),
      examples: [
        RuleExample(violations: 1, ["hosts": ["*.example.com"]], audit: audit),
        RuleExample(violations: 0, ["hosts": ["*"]], audit: audit),
        RuleExample(violations: 2, ["hosts": []], audit: audit),
      ]
    ).check()
  }

  @Test func gitRepo() async throws {
    try await FixtureConformance.report(
      Builtin.load("git_repo"),
      examples: [FixtureExample(["url": "https://127.0.0.1:1/none.git"], failsWith: .unavailable)]
    ).check()
  }

  @Test func snapshot() async throws {
    try await AgentConformance.report(
      Builtin.load("snapshot"), examples: [AgentExample(["snapshot": "nobody"], failsWith: .notFound)]
    ).check()
  }

  @Test func image() async throws {
    try await AgentConformance.report(
      Builtin.load("image"), examples: [AgentExample(["image": "nobody/agent:1"], failsWith: .unsupported)]
    ).check()
  }

  @Test func email() async throws {
    // It speaks SMTP, for which it makes no HTTP requests: what it delivers is tested with a mail server.
    try await NotifierConformance.report(
      Builtin.load("email"), sample: ["email_to": ["oncall@example.com"]], accepted: nil
    ).check()
  }
}

/// A check of the agent's own trace, against a scripted one.
@Suite struct TraceTests {
  @Test func aCheckCountsWhatAScriptedAgentReported() async throws {
    let trace = ScriptedTrace.records(
      .model("gpt-4o", inputTokens: 10, outputTokens: 2), .tool("search"), .tool("store", status: "error"))
    #expect(trace.map(\.timestamp) == ["00", "01", "02"].map { "2026-01-01T00:00:\($0)Z" })
    try await InvariantConformance.check(
      FailuresAtMost.self,
      examples: [
        InvariantExample(.passes, ["max": 1], trace: trace), InvariantExample(.fails, ["max": 0], trace: trace),
        InvariantExample(.passes, ["max": 0]),
      ])
  }
}

/// Passes when no more calls of tools failed than so many.
private struct FailuresAtMost: Invariant {
  struct Parameters: ParameterSet {
    @Parameter("The largest number of calls that failed.", range: 0...) var max: Int
  }

  static let type = "failures_at_most"
  static let summary = "Passes when no more calls of tools failed."

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let failed = try await context.trace(["tool_call"]).filter { $0.status == "error" }.compactMap(\.tool)
    let reason = "failed: \(failed.joined(separator: ", "))"
    return failed.count <= parameters.max ? .pass(reason) : .fail(reason)
  }
}
