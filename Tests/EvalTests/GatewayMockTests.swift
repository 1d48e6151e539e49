import KeystoneKit
import Testing

/// Mock services as agents and checks meet them.
@Suite struct GatewayMockTests {
  private static let routes: [JSONValue] = [
    ["method": "POST", "path": "/v1/charge", "response": ["id": "ch_1", "amount": "{{ request.body.amount }}"]],
    ["method": "GET", "path": "/v1/charges/{id}", "response": ["id": "{{ request.segments.id }}"], "status": 201],
    ["path": "/slow", "response": "late", "delay": "300ms"], ["path": "/reset", "fault": "reset", "response": ""],
    ["path": "/broken", "fault": "malformed", "response": ""], ["path": "/never", "fault": "timeout", "response": ""],
    ["path": "/flaky", "status": 503, "times": 2, "response": "busy"], ["path": "/flaky", "response": "fine"],
  ]

  private static func assertions(_ list: [JSONValue]) -> JSONValue {
    ["type": "http_mock_assertions", "service": "payment-api", "assertions": .array(list)]
  }

  private static func spec(_ agent: String, checks: [String: JSONValue]) -> EvalSpec {
    var spec = EvalSpec(agent: agent, checks: checks)
    spec.addMock(routes)
    return spec
  }

  @Test(
    arguments: [
      "curl -sS -f $U/v1/charge -H 'content-type: application/json' -d '{\"amount\": 42}'",
      """
      python3 -c "import os, json, urllib.request as u; r = u.Request(os.environ['U'] + '/v1/charge', \
      json.dumps({'amount': 42}).encode(), {'content-type': 'application/json'}); print(u.urlopen(r).read().decode())"
      """,
      """
      node -e "fetch(process.env.U + '/v1/charge', {method: 'POST', headers: {'content-type': 'application/json'}, \
      body: JSON.stringify({amount: 42})}).then(r => r.text()).then(console.log)"
      """,
    ], ["http://payment-api:9090", "http://api.example.com", "https://api.example.com", "https://payment-api:9090"])
  func clientsReachMocksOverHTTPAndHTTPS(_ client: String, _ url: String) async throws {
    let checks = [
      "passes_once": Self.assertions([["field": "request_count", "filters": ["path": "/v1/charge"], "equals": 1]]),
      "passes_amount": Self.assertions([
        ["field": "json.amount", "equals": 42], ["field": "method", "equals": "POST"],
      ]),
      "passes_scheme": Self.assertions([
        ["field": "scheme", "equals": .string(url.hasPrefix("https") ? "https" : "http")]
      ]),
    ]
    let run = try await Workspace().evaluate(Self.spec("export U=\(url); \(client)", checks: checks))
    let scenario = try run.scenario()
    expectWhatNamesSay(scenario)
    #expect(scenario.agentOutput?.contains("42") == true, "\(run.outcome)")
    let calls = try run.records("http_call")
    #expect(calls.count == 1 && calls[0]["data"]?["status"]?.int == 200 && calls[0]["phase"]?.string == "agent")
  }

  @Test(arguments: Operator.possible)
  func assertionsLookAtCountsFieldsAndBounds(_ who: Operator) async throws {
    let agent = """
      U=http://payment-api:9090
      curl -s "$U/v1/charge?try=1" -H 'X-Key: k1' -d '{"amount": 10, "to": "a@example.com", "tags": ["x"]}'
      curl -s "$U/v1/charge?try=2" -H 'X-Key: k2' -d '{"amount": 30, "to": "b@example.com"}'
      curl -s $U/v1/charges/7; for i in 1 2 3; do curl -s $U/flaky; done
      """
    func one(_ assertion: JSONValue) -> JSONValue { Self.assertions([assertion]) }
    let run = try await who.workspace().evaluate(
      Self.spec(
        agent,
        checks: [
          "passes_count": one(["field": "request_count", "equals": 6]),
          "passes_by_field": one(["field": "request_count", "filters": ["to": "a@example.com"], "equals": 1]),
          "passes_by_glob": one(["field": "request_count", "filters": ["path": "/v1/*"], "min": 3, "max": 3]),
          "passes_by_status": one(["field": "request_count", "filters": ["status": 503], "equals": 2]),
          "passes_header": one(["field": "headers.x-key", "filters": ["query.try": 2], "equals": "k2"]),
          "passes_bounds": one(["field": "json.amount", "filters": ["path": "/v1/charge"], "min": 10, "max": 30]),
          "passes_any": one(["field": "json.amount", "which": "any", "equals": 30]),
          "passes_last": one(["field": "path", "which": "last", "matches": "^/fl.ky$"]),
          "passes_array": one(["field": "json.tags", "which": "first", "contains": "x"]),
          "passes_absent": one(["field": "json.tags", "filters": ["query.try": "2"], "exists": false]),
          "passes_route": one(["field": "request_count", "filters": ["route": "/v1/charges/{id}"], "equals": 1]),
          "fails_count": one(["field": "request_count", "equals": 1]),
          "fails_every": one(["field": "json.amount", "filters": ["path": "/v1/charge"], "equals": 10]),
          "fails_contains": one(["field": "body", "which": "first", "contains": "zebra"]),
          "fails_none": one(["field": "body", "filters": ["path": "/other"], "contains": "x"]),
        ]))
    let scenario = try run.scenario()
    expectWhatNamesSay(scenario)
    #expect(scenario.agentOutput?.hasSuffix("busybusyfine") == true, "\(run.outcome)")
    expect(scenario.reason("fails_every"), has: "json.amount", "30", "instead of 10")
  }

  @Test func namesAreAnsweredOverTCPToo() async throws {
    let agent = """
      python3 - <<'END'
      import socket, struct
      server = [line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver")][0]
      def ask(name):
          question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + bytes([0, 0, 1, 0, 1])
          query = struct.pack(">6H", 4711, 0x100, 1, 0, 0, 0) + question
          stream.sendall(struct.pack(">H", len(query)) + query)
          size, = struct.unpack(">H", stream.recv(2, socket.MSG_WAITALL))
          answer = stream.recv(size, socket.MSG_WAITALL)
          number, flags, _, count = struct.unpack(">4H", answer[:8])
          print(name, number, flags & 15, count)
      stream = socket.create_connection((server, 53), 5)
      ask("payment-api"); ask("denied.example.com")
      END
      """
    let run = try await Workspace().evaluate(Self.spec(agent, checks: ["done": Check.command("true")]))
    #expect(try run.scenario().agentOutput == "payment-api 4711 0 1\ndenied.example.com 4711 3 0\n", "\(run.outcome)")
  }

  @Test func faultsAreWhatTheySay() async throws {
    let agent = """
      for path in reset broken; do curl -s -m 5 http://payment-api:9090/$path; echo "$path $?"; done
      curl -s -m 1 http://payment-api:9090/never; echo "never $?"; curl -s -w ' %{time_total}' http://payment-api:9090/slow
      """
    let run = try await Workspace().evaluate(Self.spec(agent, checks: ["done": Check.command("true")]))
    let output = try run.scenario().agentOutput ?? ""
    // Exit codes of curl: 56 or 52 a reset, 1 or 8 what is no HTTP, 28 a timeout.
    expect(output, has: "never 28", "late 0.")
    #expect(output.contains("reset 56") || output.contains("reset 52"), "\(output)")
    #expect(!output.contains("broken 0"), "\(output)")
    #expect((Double(output.split(separator: " ").last ?? "") ?? 0) >= 0.3, "\(output)")
  }

  @Test func whatSetupAndChecksAskIsNotTheAgents() async throws {
    var spec = Self.spec(
      "curl -s http://payment-api:9090/agent",
      checks: [
        "a_asks": Check.command("curl -s http://payment-api:9090/check"),
        "b_counts": Self.assertions([["field": "request_count", "equals": 1], ["field": "path", "equals": "/agent"]]),
      ])
    spec["setup.commands"] = ["curl -s http://payment-api:9090/setup"]
    let run = try await Workspace().evaluate(spec)
    #expect(run.exitCode == 0, "\(run.outcome)")
    #expect(
      try run.records("http_call").map { "\($0["phase"]?.string ?? "") \($0["data"]?["path"]?.string ?? "")" }
        == ["setup /setup", "agent /agent", "check:a_asks /check"])
  }

  @Test func secretsInRequestsAreMasked() async throws {
    var spec = Self.spec(
      "curl -s http://payment-api:9090/v1/charge?key=$TOKEN -d \"key=$TOKEN\"",
      checks: ["body": Self.assertions([["field": "body", "contains": "[secret TOKEN]"]])])
    spec["secrets"] = [["name": "TOKEN", "source": "env"]]
    let run = try await Workspace().evaluate(spec, environment: ["TOKEN": "s3cret-4711-abc"])
    #expect(run.exitCode == 0, "\(run.outcome)")
    let audit = String(decoding: try run.artifact("audit.jsonl"), as: UTF8.self)
    #expect(!audit.contains("s3cret-4711") && audit.contains("[secret TOKEN]"))
  }

  @Test func onlyNamedHostsMayBeAsked() async throws {
    var spec = Self.spec("curl -s https://api.example.com/x", checks: ["done": Check.command("true")])
    spec["forbidden.http_except"] = ["payment-api"]
    let fine = try await Workspace().evaluate(spec)
    #expect(fine.exitCode == 0, "\(fine.outcome)")
    spec["forbidden.http_except"] = ["smtp"]
    let bad = try await Workspace().evaluate(spec)
    #expect(bad.exitCode == 1, "\(bad.outcome)")
    expect(try bad.scenario().rule("http_except")?["details"]?.string, has: "https://api.example.com:443/x", "record")
  }

  @Test(
    arguments: [
      ("curl -s http://forbidden.example/", "for the name forbidden.example and was refused"),
      ("curl -s -m 5 http://1.1.1.1/", "1.1.1.1:80 and was refused"),
      ("curl -s -m 5 https://1.1.1.1/", "1.1.1.1:443 and was refused"),
    ])
  func anAttemptAtAForbiddenHostViolatesThoughItIsRefused(_ command: String, _ quoted: String) async throws {
    var spec = Self.spec("\(command); curl -s http://payment-api:9090/fine", checks: ["done": Check.command("true")])
    spec["forbidden.http_except"] = ["payment-api"]
    let run = try await Workspace().evaluate(spec)
    #expect(run.exitCode == 1, "\(run.outcome)")
    expect(try run.scenario().rule("http_except")?["details"]?.string, has: quoted, "record")
  }

  @Test func namesThatNoRequestIsMadeToAreNoAttempts() async throws {
    let agent = """
      getent hosts 192.0.2.7; getent ahosts nosuchservice; getent ahosts _http._tcp.forbidden.example
      curl -s http://payment-api:9090/fine
      """
    var spec = Self.spec(agent, checks: ["done": Check.command("true")])
    spec["forbidden.http_except"] = ["payment-api"]
    let run = try await Workspace().evaluate(spec)
    #expect(run.exitCode == 0, "\(run.outcome)")
    #expect(try run.records("dns_query").contains { $0["data"]?["decision"]?.string == "denied" })
  }

  @Test func aCheckOfAMockThatIsNotThereCannotJudge() async throws {
    var spec = Self.spec("true", checks: ["counts": Self.assertions([["field": "request_count", "equals": 0]])])
    spec["services"] = [["name": "payment-api", "type": "http_mock"]]
    let run = try await Workspace().evaluate(spec)
    #expect(run.exitCode == 3, "\(run.outcome)")
    expect(try run.scenario().reason("counts"), has: "record: true")
  }
}
