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
