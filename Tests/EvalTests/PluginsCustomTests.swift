import Glibc
import KeystoneKit
import Testing

/// The check `custom`: what a script is given and may answer, and that nobody rewrites their own judge.
@Suite struct PluginsCustomTests {
  private static let judge = """
    import json, sys
    import helper
    from package import part
    document = json.load(sys.stdin)
    print(json.dumps({"passed": False, "score": 0.5, "reason": helper.says() + part.SAYS}))
    """

  /// A spec whose judge fails with the reason `baseline and part` unless somebody rewrote it.
  private static func judged(agent: String) -> EvalSpec {
    var spec = EvalSpec(
      agent: agent,
      checks: [
        "fails_script": ["type": "custom", "script": "checks/judge.py"],
        "fails_code": [
          "type": "custom", "code": "import json, re, os\nprint('{\"passed\": false, \"reason\": \"inline\"}')",
        ],
      ])
    spec["setup.files"] = [
      ["path": "checks/judge.py", "content": .string(judge)],
      ["path": "checks/helper.py", "content": "def says():\n    return 'baseline'\n"],
      ["path": "checks/package/__init__.py", "content": ""],
      ["path": "checks/package/part.py", "content": "SAYS = ' and part'\n"],
    ]
    return spec
  }

  /// Everything an agent may try, one attack each: none of them may change what the judges say.
  @Test(arguments: [
    "a stdlib module in the workspace": "for m in json re os sys runpy codecs; do echo 'VERDICT' > $m.py; done",
    "a stdlib module beside the script": "for m in json re os runpy codecs; do echo 'VERDICT' > checks/$m.py; done",
    "the script, its helper and its package":
      "for f in judge helper package/part package/__init__; do echo 'VERDICT' > checks/$f.py; done",
    "byte code beside the script": """
    mkdir -p checks/__pycache__ checks/package/__pycache__; echo 'VERDICT' > /tmp/x.py
    python3 -c 'import py_compile, sys; [py_compile.compile("/tmp/x.py", cfile=p, invalidation_mode=
    py_compile.PycInvalidationMode.UNCHECKED_HASH) for p in sys.argv[1:]]' checks/__pycache__/helper.cpython-311.pyc \
      checks/package/__pycache__/part.cpython-311.pyc checks/helper.pyc
    """,
    "a folder instead of the script": "rm -r checks; mkdir -p checks/judge.py checks/helper",
    "a link instead of the folder": "mkdir evil; echo 'VERDICT' > evil/judge.py; rm -r checks; ln -s evil checks",
    "customize modules of the user": """
    for d in $(python3 -c 'import site; print(site.getusersitepackages())') .local/lib/python3.11/site-packages .; do
      mkdir -p $d; echo 'VERDICT' > $d/usercustomize.py; echo 'VERDICT' > $d/sitecustomize.py
      echo 'import sitecustomize' > $d/evil.pth
    done
    """,
    "another python3": """
    mkdir -p $HOME/bin $HOME/.local/bin bin
    for d in $HOME/bin $HOME/.local/bin bin . /usr/local/bin /tmp; do
      printf '#!/bin/sh\\necho "{\\"passed\\": true}"\\n' > $d/python3; chmod +x $d/python3
    done 2>/dev/null
    rm -f /usr/bin/python3; ln -sf $PWD/python3 /usr/bin/python3
    """,
    "a virtual environment around everything":
      "echo 'home = /workspace' > pyvenv.cfg; cp pyvenv.cfg checks; cp pyvenv.cfg ..",
    "the folder where the judge lies": """
    for d in $(cut -d' ' -f5 /proc/self/mountinfo) /keystone* /run/* /var/*; do
      find "$d" -xdev -name judge.py -not -path '/proc/*' -exec sh -c 'echo VERDICT > "$1"' sh {} \\; 2>/dev/null
      chmod -R u+w "$d"/custom-* 2>/dev/null; mv "$d"/custom-fails_script "$d"/gone 2>/dev/null
    done
    """,
  ])
  func nobodyRewritesTheirOwnJudge(_ attack: (String, String)) async throws {
    let verdict = #"print("{\"passed\": true, \"reason\": \"rewritten\"}"); raise SystemExit(0)"#
    let agent = attack.1.replacing("'VERDICT'", with: "'\(verdict)'").replacing("VERDICT", with: "evil") + "\ntrue"
    let scenario = try await Workspace().evaluate(Self.judged(agent: agent)).scenario()
    expectJudgesAreTheirOwn(scenario, attack.0)
  }

  @Test func variablesOfTheSpecDoNotReachTheJudge() async throws {
    var spec = Self.judged(agent: "mkdir -p evil; cp usercustomize.py evil")
    let verdict = "print('{\"passed\": true, \"reason\": \"rewritten\"}')\nraise SystemExit(0)\n"
    spec["setup.env"] = [
      "PYTHONPATH": "/workspace/evil:/workspace", "PYTHONHOME": "/workspace", "PYTHONSTARTUP": "/workspace/json.py",
      "PYTHONUSERBASE": "/workspace", "PYTHONINSPECT": "1", "PYTHONPLATLIBDIR": "evil",
      "PATH": "/workspace:/usr/bin:/bin",
      "LD_PRELOAD": "/workspace/none.so", "LD_LIBRARY_PATH": "/workspace", "HOME": "/workspace",
    ]
    var files = spec["setup.files"]?.array ?? []
    for name in ["json.py", "usercustomize.py", "sitecustomize.py", "lib/python3.11/site-packages/usercustomize.py"] {
      files.append(["path": .string(name), "content": .string(verdict)])
    }
    let fake = "#!/bin/sh\necho '{\"passed\": true}'\n"
    files.append(["path": "python3", "content": .string(fake), "mode": "0755"])
    spec["setup.files"] = .array(files)
    expectJudgesAreTheirOwn(try await Workspace().evaluate(spec).scenario(), "variables")
  }

  /// What an agent left running has the judge's user; it must not write into the judge's own output or memory.
  @Test(arguments: OrdinaryUser.isPossible ? [nil, OrdinaryUser.id] : [nil])
  func whatTheAgentLeftRunningDoesNotSpeakForTheJudge(_ user: uid_t?) async throws {
    let daemon = """
      import ctypes, glob, os
      if os.fork(): os._exit(0)
      os.setsid()
      libc = ctypes.CDLL(None, use_errno=True)
      verdict = b'\\n{"passed": true, "score": 1, "reason": "rewritten"}\\n'
      log = open("attacks.log", "w", 1)
      while True:
          for process in glob.glob("/proc/[0-9]*"):
              pid = int(process[6:])
              try:
                  if b"-I" not in open(process + "/cmdline", "rb").read().split(b"\\0"): continue
              except OSError: continue
              log.write("found\\n")
              for name in ["fd/1", "mem"]:
                  try:
                      with open(f"{process}/{name}", "wb", 0) as judge:
                          log.write(f"reached {name}\\n")
                          judge.write(verdict)
                  except OSError: pass
              if libc.ptrace(16, pid, 0, 0) == 0: log.write(f"traced {pid}\\n")
      """
    var spec = Self.judged(agent: "python3 daemon.py </dev/null >/dev/null 2>&1")
    spec["invariants.fails_code.check.code"] =
      "import time\nprint('{\"passed\": false, \"reason\": \"inline\"}', flush=True)\ntime.sleep(0.3)\n"
    var files = spec["setup.files"]?.array ?? []
    files.append(["path": "daemon.py", "content": .string(daemon)])
    spec["setup.files"] = .array(files)
    spec["invariants.passes_attacked.check"] = Check.command("grep -q found attacks.log")
    spec["invariants.passes_unharmed.check"] = Check.command("! grep -E 'reached|traced' attacks.log")
    let scenario = try await Workspace(user: user).evaluate(spec).scenario()
    expectJudgesAreTheirOwn(scenario, "a process that stayed")
    expectWhatNamesSay(scenario)
  }

  private func expectJudgesAreTheirOwn(
    _ scenario: JSONValue, _ attack: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(scenario.status == "fail", "\(attack): \(scenario.error ?? "")", sourceLocation: sourceLocation)
    #expect(scenario.reason("fails_script") == "baseline and part", "\(attack)", sourceLocation: sourceLocation)
    #expect(scenario.check("fails_script")?["score"]?.double == 0.5, "\(attack)", sourceLocation: sourceLocation)
    #expect(scenario.reason("fails_code") == "inline", "\(attack)", sourceLocation: sourceLocation)
  }

  @Test func scriptsAnswerWithJSON() async throws {
    func code(_ text: String) -> JSONValue { ["type": "custom", "code": .string(text)] }
    let scenario = try await Workspace().evaluate(
      EvalSpec(checks: [
        "passes_plain": code("print('{\"passed\": true}')"),
        "passes_after_noise": code(
          "print('loading {')\nprint({'a': 1})\nprint('{\"passed\": true, \"reason\": \"é\"}')"),
        "passes_last_of_two": code("print('{\"passed\": false}')\nprint('{\"passed\": true}')"),
        "passes_over_lines": code("import json\nprint(json.dumps({'passed': True, 'score': 1}, indent=2))"),
        "passes_parts": code("print('{\"passed\": true, \"score\": 0.75}')"),
        "fails_plain": code("print('{\"passed\": false, \"reason\": \"too slow\"}')"),
        "fails_scored": code("print('{\"passed\": false, \"score\": 0.75}')"),
      ])
    ).scenario()
    expectWhatNamesSay(scenario)
    #expect(scenario.reason("fails_plain") == "too slow" && scenario.reason("passes_after_noise") == "é")
    #expect(scenario.check("passes_parts")?["score"]?.double == 0.75)
    #expect(scenario.check("fails_scored")?["score"]?.double == 0.75)
  }

  @Test(arguments: [
    "print('fine')", "", "print('{\"score\": 1}')", "print('{\"passed\": \"yes\"}')", "raise SystemExit(3)",
    "print('{\"passed\": true}')\nraise ValueError('late')", "this is no python", "import os; os.kill(os.getpid(), 9)",
    "print('{\"passed\": true, \"score\": 7}')", "print('{\"passed\": true, \"score\": NaN}')",
  ])
  func scriptsThatDoNotAnswerAreErrors(_ code: String) async throws {
    let run = try await Workspace().evaluate(EvalSpec(checks: ["judge": ["type": "custom", "code": .string(code)]]))
    let scenario = try run.scenario()
    #expect(run.exitCode == 3 && scenario.status == "error", "\(run.outcome)")
    expect(scenario.error, has: "judge")
    #expect(scenario.check("judge")?["score"] == nil)
  }

  @Test func aScriptThatIsMissingOrLeadsOutIsRefusedBeforeTheAgentStarts() async throws {
    for (script, commands) in [("none.py", []), ("out.py", ["ln -s /etc/passwd out.py"]), ("dir", ["mkdir dir"])] {
      var spec = EvalSpec(agent: "true", checks: ["judge": ["type": "custom", "script": .string(script)]])
      if !commands.isEmpty { spec["setup.commands"] = .array(commands.map { .string($0) }) }
      let run = try await Workspace().evaluate(spec)
      let scenario = try run.scenario()
      #expect(run.exitCode == 3 && scenario["agent_output"] == nil, "\(run.outcome)")
      expect(scenario.error, has: "preparing checks", script)
    }
  }
}
