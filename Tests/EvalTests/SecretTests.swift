import KeystoneKit
import Testing

/// Where secrets come from, and that they never leave in clear.
@Suite(.timeLimit(.minutes(15)))
struct SecretTests {
  /// Expects that the agent finds these values.
  func expect(
    _ values: [String: String], _ secrets: JSONValue, environment: [String: String] = [:], in workspace: Workspace
  ) async throws {
    var spec = EvalSpec(
      agent: values.keys.map { "printf %s \"$\($0)\" | sha256sum | cut -c-64 >sum.\($0)" }.joined(separator: ";"),
      checks: [:])
    for (name, value) in values {
      spec["invariants.\(name).check"] = Check.command(
        "test $(printf %s '\(value)' | sha256sum | cut -c-64) = $(cat sum.\(name))")
    }
    spec["secrets"] = secrets
    let run = try await workspace.evaluate(spec, environment: environment)
    #expect(run.exitCode == 0, "\(run.outcome)")
  }

  @Test func everySourceIsResolved() async throws {
    let workspace = try Workspace()
    try workspace.write("  from a file\n\n", to: "home/.token")
    try workspace.write("absolute", to: "elsewhere")
    try await expect(
      [
        "PLAIN": "from the environment", "NAMED": "env too", "RENAMED": "other", "FROM_FILE": "from a file",
        "ABSOLUTE": "absolute", "FROM_COMMAND": "printed 42", "LITERAL": "in the spec",
      ],
      [
        "PLAIN", ["name": "NAMED", "source": "env"], ["name": "RENAMED", "source": "env:OTHER"],
        ["name": "FROM_FILE", "source": "file:~/.token"],
        ["name": "ABSOLUTE", "source": .string("file:\(workspace.path)/elsewhere")],
        ["name": "FROM_COMMAND", "source": "command:echo \"printed $((6 * 7))\""],
        ["name": "LITERAL", "from": "static://in the spec"],
      ],
      environment: ["PLAIN": "from the environment", "NAMED": "env too", "OTHER": "other", "RENAMED": "not this"],
      in: workspace)
  }

  @Test func dotEnvFilesFillInWhatIsNotSet() async throws {
    let workspace = try Workspace()
    try workspace.write("# comment\nexport A=env\nB='env quoted # whole'\nC=env # comment\n", to: ".env")
    try workspace.write("A=local\nC=\"local\"\nnot a line\n", to: ".env.local")
    try await expect(
      ["A": "local", "B": "env quoted # whole", "C": "set", "D": "also set"], ["A", "B", "C", "D"],
      environment: ["C": "set", "D": "also set"], in: workspace)
  }

  @Test func generatedSecretsAreLongAndNewEachTime() async throws {
    var spec = EvalSpec(agent: "printf %s $TOKEN | sha256sum; printf %s $TOKEN | wc -c")
    spec["secrets"] = [["name": "TOKEN", "from": "generated"]]
    spec["parallelism.replicas"] = 2
    let outputs = try await Workspace().evaluate(spec).scenarios.compactMap(\.agentOutput)
    #expect(Set(outputs).count == 2 && outputs.allSatisfy { $0.hasSuffix("\n64\n") }, "\(outputs)")
  }

  @Test(arguments: [
    "command:exit 1", "command:true", "file:/nowhere/at/all", "file:/dev/zero", "file:/tmp", "env:NOT_THERE", "env",
    "dashboard",
  ])
  func aSourceWithoutValueIsNamed(_ source: String) async throws {
    var spec = EvalSpec()
    spec["secrets"] = [["name": "TOKEN", "source": .string(source)]]
    let run = try await Workspace().evaluate(spec, environment: ["TOKEN": ""])
    #expect(run.exitCode == 3, "\(run.outcome)")
    #expect(try run.scenario().error == "resolving secrets: TOKEN not set")
  }

  static let value = "s3cr/t+\"ü %&\\x=pass"
  /// The ways in which a program prints a secret.
  static let forms = [
    "raw": "print(key)", "base64": "print(base64.b64encode(key.encode()).decode())",
    "base64_inside": "print(base64.b64encode(('user:' + key + '@host').encode()).decode())",
    "base64_url": "print(base64.urlsafe_b64encode(key.encode()).decode())",
    "url": "print(urllib.parse.quote(key, safe=''))", "path": "print(urllib.parse.quote(key))",
    "url_form": "print(urllib.parse.quote_plus(key))",
    "json": "print(json.dumps(key, ensure_ascii=False))", "json_ascii": "print(json.dumps(key))",
    "pieces": "[(print(part, end='', flush=True), time.sleep(0.05)) for part in key]",
    "stderr": "print(key, file=sys.stderr)", "twice": "print(key + key)",
    "split_bytes": "[(os.write(1, bytes([byte])), time.sleep(0.01)) for byte in key.encode()]",
  ]

  func leaking(_ forms: [String: String]) -> EvalSpec {
    let program = "import base64, json, os, sys, time, urllib.parse\nkey = os.environ['KEY']\n"
    var spec = EvalSpec(agent: "python3 print_$KEYSTONE_PARAM_FORM.py; echo end")
    spec["setup.files"] = .array(
      forms.map { ["path": .string("print_\($0).py"), "content": .string(program + $1 + "\n")] })
    spec["parallelism.matrix"] = .array(forms.keys.sorted().map { ["form": .string($0)] })
    spec["secrets"] = ["KEY"]
    return spec
  }

  @Test func secretsInLogsFailsOnEveryForm() async throws {
    var spec = leaking(Self.forms.merging(["none": "print('nothing')", "part": "print(key[:4])"]) { $1 })
    spec["forbidden"] = ["secrets_in_logs": "deny"]
    let run = try await Workspace().evaluate(spec, environment: ["KEY": Self.value], timeout: .seconds(100))
    for scenario in run.scenarios {
      let form = scenario["parameters"]?["form"]?.string ?? ""
      let rule = scenario.rule("secrets_in_logs")
      if Self.forms[form] == nil {
        #expect(scenario.status == "pass" && rule?["violated"] == false, "\(form)")
      } else {
        #expect(scenario.status == "fail" && rule?["violated"] == true, "\(form): \(scenario.agentOutput ?? "")")
        #expect(rule?["details"]?.string?.contains("KEY") == true)
      }
    }
    #expect(run.scenarios.count == Self.forms.count + 2, "\(run.outcome)")
  }

  @Test func noFormOfASecretIsInAnythingThatIsKeptOrPrinted() async throws {
    var spec = leaking(Self.forms)
    spec["invariants.tells"] = ["check": Check.command("echo \"key $KEY\"; exit 1")]
    spec["invariants.refuses"] = [
      "check": Check.python("import os; print(json.dumps(dict(passed=False, reason=os.environ.get('KEY', 'none'))))")
    ]
    spec["invariants.breaks"] = ["check": Check.python("raise Exception(data['agent_output'])")]
    spec["setup.commands"] = ["test $KEYSTONE_PARAM_FORM != raw || { echo \"$KEY\"; exit 3; }"]
    let workspace = try Workspace()
    let environment = ["KEY": Self.value]
    let run = try await workspace.evaluate(spec, environment: environment, timeout: .seconds(100))
    #expect(run.exitCode == 3 && run.scenarios.count == Self.forms.count, "\(run.outcome)")
    #expect(run.scenarios.contains { $0.agentOutput?.contains("[secret KEY]") == true })
    let told = try #require(run.scenarios.last?.check("tells")?["reason"]?.string)
    #expect(told.contains("[secret KEY]"), "\(told)")
    // Python itself looks for every form of the secret in everything that was written down.
    let search = """
      import base64, json, os, sys, urllib.parse
      key = os.environ['KEY']
      forms = [key, base64.b64encode(key.encode()).decode(), base64.urlsafe_b64encode(key.encode()).decode(),
               base64.b64encode(('user:' + key).encode()).decode()[8:-4], urllib.parse.quote(key, safe=''),
               urllib.parse.quote_plus(key), json.dumps(key)[1:-1], json.dumps(key, ensure_ascii=False)[1:-1]]
      for folder, _, names in os.walk(sys.argv[1]):
          for name in names:
              path = os.path.join(folder, name)
              data = open(path, 'rb').read()
              for form in forms:
                  if form.encode() in data: print(path, form)
      """
    try workspace.write(run.outcome.stdout, to: "data/stdout")
    try workspace.write(run.outcome.stderr, to: "data/stderr")
    let table = try await workspace.run(["eval", "run", "spec.yaml"], environment: environment)
    try workspace.write(table.stdout + table.stderr, to: "data/table")
    try workspace.write(search, to: "search.py")
    let found = await (try workspace.shell("KEY='\(Self.value)' python3 search.py data")).outcome()
    #expect(found.exitCode == 0 && found.stdout.isEmpty, "\(found)")
  }

  @Test func aLongSecretIsFoundInWrappedBase64() async throws {
    var spec = EvalSpec(agent: "printf %s \"$TOKEN\" | base64; printf 'user:%s' \"$TOKEN\" | base64 -w 64")
    spec["secrets"] = [["name": "TOKEN", "from": "generated"]]
    spec["forbidden"] = ["secrets_in_logs": "deny"]
    let run = try await Workspace().evaluate(spec)
    let output = try #require(try run.scenario().agentOutput)
    #expect(try run.scenario().status == "fail", "\(output)")
    #expect(output.split(separator: "[secret TOKEN]").allSatisfy { $0.count < 16 }, "\(output)")
  }

  @Test func theSpecsOwnTemplatesAreFilledInAndNeverPrinted() async throws {
    var spec = EvalSpec(
      agent: "cat conf; test \"$OWN\" = \"$KEY\" && echo same",
      checks: ["conf": Check.file("conf", contains: "key={{ secrets.KEY }}")])
    spec["secrets"] = ["KEY"]
    spec["setup.files"] = [["path": "conf", "content": "key={{ secrets.KEY }}\n"]]
    spec["setup.commands"] = ["grep -q '{{ secrets.KEY }}' conf"]
    spec["agent.env"] = ["OWN": "{{ secrets.KEY }}"]
    let run = try await Workspace().evaluate(spec, environment: ["KEY": "plain-secret"])
    let output = try run.scenario().agentOutput
    #expect(run.exitCode == 0 && output == "key=[secret KEY]\nsame\n", "\(run.outcome)")
    #expect(!run.outcome.stdout.contains("plain-secret"))
  }
}
