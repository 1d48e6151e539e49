import KeystoneKit
import Testing

/// What gets out of a sandbox, and what does not.
@Suite struct GatewayEgressTests {
  @Test(arguments: Operator.possible)
  func noneOfAHundredWaysLeadsOut(_ who: Operator) async throws {
    let workspace = try who.workspace()
    let server = try PluginsServer.scripted([.body("the host's loopback")])
    var spec = try EvalSpec.script("ways_out.py", ["\(server.port)"], in: workspace)
    spec["network.dns_overrides"] = ["allowed.test": .string("127.0.0.1:\(server.port)")]
    let run = try await workspace.evaluate(spec, timeout: .seconds(150))
    let output = try run.scenario().agentOutput ?? ""
    let ways = output.split(separator: "\n").last?.split(separator: " ").compactMap { Int($0) }.first ?? 0
    #expect(ways >= 100, "\(run.outcome)")
    #expect(!output.contains("OUT "), "\(output.split(separator: "\n").filter { $0.hasPrefix("OUT") })")
    // The one request that may pass is the first of two on one connection, to the host that is allowed.
    #expect(server.requests.allSatisfy { $0["headers"]?["host"]?.string == "allowed.test" }, "\(server.requests)")
    let denied = try (run.records("connection") + run.records("dns_query") + run.records("http_call")).filter {
      $0["data"]?["decision"]?.string == "denied"
    }
    let reached = Set(denied.compactMap { $0["data"]?["host"]?.string ?? $0["data"]?["name"]?.string })
    for host in ["1.1.1.1", "169.254.169.254", "10.0.0.1", "198.18.255.255", "example.com", "metadata.google.internal"]
    {
      #expect(reached.contains(host), "\(host) is not recorded as denied: \(reached.sorted())")
    }
    #expect(denied.filter { $0["event"]?.string == "http_call" }.count >= 10, "\(denied)")
  }

  @Test(arguments: Operator.possible)
  func aRedirectedHostIsRelayedAndRecorded(_ who: Operator) async throws {
    let server = try PluginsServer.scripted([.body("from outside")])
    var spec = EvalSpec(
      agent: "curl -sS -m 10 http://service.test:8000/path?q=1 -d body; curl -sS -m 5 http://other.test/")
    spec["network.dns_overrides"] = ["service.test": .string("127.0.0.1:\(server.port)")]
    let run = try await who.workspace().evaluate(spec)
    #expect(try run.scenario().agentOutput == "from outside", "\(run.outcome)")
    let call = try #require(try run.records("http_call").first?["data"])
    #expect(call["host"]?.string == "service.test" && call["path"]?.string == "/path" && call["query"]?.string == "q=1")
    #expect(call["status"]?.int == 200 && call["method"]?.string == "POST" && call["port"]?.int == 8000)
    let connection = try #require(try run.records("connection").first?["data"])
    #expect((connection["bytes_received"]?.int ?? 0) > 0 && connection["protocol"]?.string == "http")
    let names = try run.records("dns_query").map {
      "\($0["data"]?["name"]?.string ?? "") \($0["data"]?["decision"]?.string ?? "")"
    }
    #expect(names == ["service.test allowed", "other.test denied"])
  }

  @Test func anAllowedHostThatDoesNotExistIsAFailedConnection() async throws {
    var spec = EvalSpec(
      agent: "curl -sS -m 20 http://nowhere.invalid/ || echo failed; curl -sS -m 20 http://led.test/ || echo failed")
    spec["network.egress.allow"] = ["nowhere.invalid"]
    spec["network.dns_overrides"] = ["led.test": "nowhere.invalid:8080"]
    let run = try await Workspace().evaluate(spec)
    #expect(try run.scenario().agentOutput?.hasSuffix("failed\nfailed\n") == true, "\(run.outcome)")
    let failures = try run.records("connection").compactMap { $0["data"] }
    #expect(failures.map { $0["host"]?.string } == ["nowhere.invalid", "led.test"], "\(failures)")
    for failure in failures {
      #expect(failure["decision"]?.string == "failed")
      expect(failure["reason"]?.string, has: "nowhere.invalid cannot be resolved")
    }
  }

  @Test func largeTransfersArriveWholeInBothDirections() async throws {
    let agent = """
      python3 - <<'END'
      import hashlib, socket, threading
      # An upload through a mock that repeats it, read slowly.
      import urllib.request
      body = bytes(range(256)) * 20000
      request = urllib.request.Request("http://payment-api:9090/echo", body, {"content-type": "text/plain"})
      print(urllib.request.urlopen(request, timeout=30).status, len(body))
      END
      """
    var spec = EvalSpec(
      agent: agent,
      checks: [
        "kept": [
          "type": "http_mock_assertions", "service": "payment-api",
          "assertions": [["field": "headers.content-length", "equals": 5_120_000]],
        ]
      ])
    spec.addMock([["path": "/echo", "response": "ok"]])
    let run = try await Workspace().evaluate(spec)
    #expect(try run.scenario().agentOutput == "200 5120000\n", "\(run.outcome)")
    #expect(run.exitCode == 0)
  }

  @Test func setupMayBeHeldToThePolicyAndALeftoverConnectionDoesNotOutliveIt() async throws {
    var spec = EvalSpec(agent: "getent ahosts setup.example.com || echo denied")
    spec["setup.commands"] = ["getent ahosts setup.example.com > resolved || true"]
    let checks = EvalSpec(checks: ["resolved": Check.command("test -s resolved")])
    spec["invariants"] = checks["invariants"]
    let open = try await Workspace().evaluate(spec)
    #expect(open.exitCode == 0, "\(open.outcome)")
    #expect(try open.scenario().agentOutput == "denied\n")
    let held = try await Workspace().evaluate(spec, ["--setup-egress", "policy"])
    #expect(held.exitCode == 1, "\(held.outcome)")
  }
}
