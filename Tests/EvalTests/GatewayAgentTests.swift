import KeystoneKit
import Testing

/// Agents that are web services, which are asked through the sandbox's gateway.
@Suite struct GatewayAgentTests {
  /// A spec whose agent is asked at `endpoint`, in a world where nobody may ask anybody.
  private static func spec(_ endpoint: String) -> EvalSpec {
    var spec = EvalSpec(checks: [
      "asked_once": [
        "type": "http_mock_assertions", "service": "payment-api",
        "assertions": [["field": "request_count", "filters": ["path": "/run"], "equals": 1]],
      ]
    ])
    spec.addMock([["method": "POST", "path": "/run", "response": ["output": "did {{ request.body.prompt }}"]]])
    spec["agent"] = ["type": "http", "endpoint": .string(endpoint), "timeout": "20s"]
    spec["forbidden.http_except"] = []
    return spec
  }

  @Test(arguments: ["http://payment-api:9090", "https://payment-api:9090", "https://api.example.com"])
  func anAgentThatOnlyTheSandboxKnowsIsAsked(_ base: String) async throws {
    let run = try await Workspace().evaluate(Self.spec("\(base)/run"))
    #expect(run.exitCode == 0, "\(run.outcome)")
    #expect(try run.scenario().agentOutput == "did Do it.")
    let call = try #require(try run.records("http_call").first)
    #expect(call["actor"]?.string == "host" && call["phase"]?.string == "agent")
    #expect(call["data"]?["destination"]?.string == "mock:payment-api" && call["data"]?["status"]?.int == 200)
  }

  @Test(arguments: Operator.possible)
  func anAgentOutsideIsAskedAndRecorded(_ who: Operator) async throws {
    let server = try PluginsServer.scripted([.body(#"{"output": "from outside"}"#)])
    var spec = Self.spec("\(server.base)/run")
    spec["invariants"] = ["said": ["check": Check.command("true")]]
    let run = try await who.workspace().evaluate(spec)
    #expect(run.exitCode == 0, "\(run.outcome)")
    #expect(try run.scenario().agentOutput == "from outside")
    let data = try #require(try run.records("http_call").first?["data"])
    #expect(data["destination"]?.string == "outside" && data["method"]?.string == "POST")
    #expect(data["path"]?.string == "/run" && data["status"]?.int == 200 && data["host"]?.string == "127.0.0.1")
  }

  @Test(arguments: [
    ("http://nobody.invalid/run", "cannot reach nobody.invalid:80"),
    ("http://payment-api:1234/run", "the service payment-api does not answer on port 1234"),
    ("http://127.0.0.1:1/run", "cannot reach 127.0.0.1:1"),
  ])
  func anAgentThatCannotBeReachedIsAnErrorThatSaysWhy(_ endpoint: String, _ reason: String) async throws {
    let run = try await Workspace().evaluate(Self.spec(endpoint))
    #expect(run.exitCode == 3, "\(run.outcome)")
    expect(try run.scenario().error, has: reason)
  }
}
