import KeystoneKit
import Testing

/// The four kinds of agents, from the outside.
@Suite struct PluginsAgentTests {
  private static let token = "tok-5d1e0b7c33"

  /// A spec with an agent of type `http`, and a check that quotes what the agent is said to have printed.
  private static func http(_ members: JSONValue) -> EvalSpec {
    var agent = members
    agent["type"] = "http"
    var spec = EvalSpec(checks: [
      "quotes": Check.python("print(json.dumps({'passed': True, 'reason': data['agent_output']}))")
    ])
    spec["agent"] = agent
    spec["task.context"] = ["repo": "acme"]
    spec["parallelism.matrix"] = [["model": "gpt", "rows": 3]]
    spec["secrets"] = [["name": "TOKEN", "source": "env"]]
    return spec
  }

  private func ask(
    _ answer: PluginsServer.Answer, _ members: JSONValue = [:]
  ) async throws -> (run: Evaluation, requests: [JSONValue]) {
    let workspace = try Workspace()
    let server = try PluginsServer.scripted([answer])
    var agent = members
    agent["endpoint"] = .string("\(server.base)/agent")
    let run = try await workspace.evaluate(Self.http(agent), environment: ["TOKEN": Self.token])
    return (run, server.requests)
  }

  @Test func aWebServiceIsSentTheWholeTask() async throws {
    let (run, requests) = try await ask(
      .body(#"{"output": "done", "more": 1}"#),
      ["auth": ["bearer": "{{ secrets.TOKEN }}"], "headers": ["X-Team": "evals"], "model": "other"])
    let scenario = try run.scenario()
    #expect(scenario.status == "pass" && scenario.agentOutput == "done", "\(run.outcome)")
    #expect(scenario.reason("quotes") == "done")
    let request = try #require(requests.first)
    #expect(request["method"]?.string == "POST" && request["path"]?.string == "/agent")
    #expect(request["headers"]?["authorization"]?.string == "Bearer \(Self.token)")
    #expect(request["headers"]?["x-team"]?.string == "evals")
    #expect(request["headers"]?["content-type"]?.string == "application/json")
    let task = try JSONValue(parsing: request["body"]?.string ?? "")
    #expect(task["prompt"]?.string == "Do it." && task["context"]?["repo"]?.string == "acme")
    #expect(task["parameters"]?["rows"]?.int == 3 && task["scenario_id"]?.string == "c1-r1")
    #expect(task["sandbox_id"] == scenario["sandbox_id"] && task["seed"] == scenario["seed"])
    #expect(task["model"]?.string == "gpt", "the matrix overrides agent.model")
    for member in ["workspace", "base_url", "api_key", "services"] { #expect(task[member] != nil, "\(member)") }
    #expect(!run.outcome.stdout.contains(Self.token))
  }

  @Test(arguments: [
    ("plain text", "plain text"), (#"{"answer": 1}"#, #"{"answer": 1}"#), (#"{"output": {"a": 1}}"#, #"{"a":1}"#),
    (#"{"output": ""}"#, ""), ("[1]", "[1]"), ("", ""),
  ])
  func theOutputMemberIsTheOutputElseTheBody(_ body: String, _ output: String) async throws {
    let (run, _) = try await ask(.body(body))
    #expect(try run.scenario().agentOutput == output, "\(run.outcome)")
  }

  @Test(arguments: [400, 401, 404, 500, 503])
  func anAnswerThatIsNoSuccessIsAnError(_ status: Int) async throws {
    let (run, _) = try await ask(.body("ill: \(Self.token)", status: status))
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error", "\(run.outcome)")
    expect(scenario.error, has: "\(status)", "ill")
    #expect(!run.outcome.stdout.contains(Self.token) && !run.outcome.stderr.contains(Self.token))
  }

  @Test func aWebServiceThatHangsIsOverItsTimeout() async throws {
    let (run, _) = try await ask(.hang, ["timeout": "1s"])
    #expect(run.exitCode == 3 && run.outcome.duration < .seconds(20), "\(run.outcome)")
    expect(try run.scenario().error, has: "timeout", "agent.timeout")
  }

  @Test func aWebServiceThatIsNotThereIsAnError() async throws {
    let run = try await Workspace().evaluate(
      Self.http(["endpoint": "http://127.0.0.1:1/"]), environment: ["TOKEN": Self.token])
    #expect(run.exitCode == 3)
    expect(try run.scenario().error, has: "127.0.0.1:1")
  }

  @Test func commandLinesGetThePromptOnStdinAndInTheirArguments() async throws {
    var spec = EvalSpec(checks: [
      "passes_same": Check.command("printf 'Mend é\n$(x) `y`' | cmp - in && cmp in argument")
    ])
    spec["task.prompt"] = "Mend é\n$(x) `y`"
    spec["agent"] = [
      "type": "cli", "binary": "sh",
      "args": [
        "-c", "cat > in; printf %s \"$1\" > argument; echo out; echo err >&2; exit 3", "sh", "{{ task.prompt }}",
      ],
    ]
    let scenario = try await Workspace().evaluate(spec).scenario()
    expectWhatNamesSay(scenario)
    #expect(scenario.agentOutput == "out\n" && scenario["agent_stderr"]?.string == "err\n")
    #expect(scenario["exit_code"]?.int == 3 && scenario.status == "pass")
  }

  @Test func pythonAgentsReadTheTaskOnStdinWhichIsThenClosed() async throws {
    var spec = EvalSpec(checks: ["passes_same": Check.command("test -s task.json")])
    spec["task.context"] = ["deep": ["list": [1, 2.5, .null, true, "é"]]]
    spec["parallelism.matrix"] = [["size": 7]]
    spec["setup.files"] = [
      [
        "path": "agents/a.py",
        "content":
          "import json, sys\ntext = sys.stdin.read()\nopen('task.json', 'w').write(text)\nprint(sorted(json.loads(text)))\n",
      ]
    ]
    spec["agent"] = ["type": "python", "binary": "agents/a.py"]
    spec["invariants.passes_members.check"] = Check.python(
      """
      task = json.load(open("task.json"))
      wanted = "api_key base_url context parameters prompt sandbox_id scenario_id seed services workspace".split()
      missing = [name for name in wanted if name not in task]
      same = task["context"] == {"deep": {"list": [1, 2.5, None, True, "é"]}} and task["parameters"] == {"size": 7}
      print(json.dumps({"passed": not missing and same, "reason": f"missing {missing}, {task}"}))
      """)
    expectWhatNamesSay(try await Workspace().evaluate(spec).scenario())
  }

  @Test func anAgentThatCannotBeStartedIsAnErrorAndTheNextSpecRuns() async throws {
    for (binary, setup) in [("./none", "true"), ("./plain", "echo x > plain"), ("./folder", "mkdir folder")] {
      var spec = EvalSpec()
      spec["agent"] = ["type": "cli", "binary": .string(binary)]
      spec["setup.commands"] = [.string(setup)]
      let run = try await Workspace().evaluate(spec)
      #expect(run.exitCode == 3, "\(run.outcome)")
      expect(try run.scenario().error, has: String(binary.dropFirst(2)))
    }
  }

  @Test func theParagonCommandLineIsMissedByName() async throws {
    var spec = EvalSpec()
    spec["agent"] = ["type": "paragon"]
    let run = try await Workspace().evaluate(spec)
    #expect(run.exitCode == 3)
    expect(try run.scenario().error, has: "paragon")
  }
}
