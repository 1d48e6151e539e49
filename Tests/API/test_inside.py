"""The published Python client as an agent: `from_sandbox`, `wrap` and `traced` inside a sandbox, in both engines."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import polarity_keystone
from daemon import BIN, Daemon

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = """\
version: 1
id: inside
description: An agent that calls its own part of the API.
base: debian:12
task:
  prompt: Find Ada.
resources: {timeout: 60s}
%s
agent:
  type: python
  binary: agent.py
invariants:
  stored:
    check: {type: file_content, path: found.txt, contains: found Ada}
  calls:
    check: {type: tool_calls_at_most, max: 2}
"""
# A check of somebody else's, which asks for the trace.
PLUGIN = os.environ["KEYSTONE_BIN"] + "/libTestPlugin_echo.so"
FIXTURES = """\
fixtures:
  - {type: directory, source: work, target: .}
"""


class InsideTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="keystone-inside-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.work = self.folder + "/work"
        os.mkdir(self.work)
        shutil.copy(HERE + "/inside/agent.py", self.work)
        # It needs nothing but Python's own library.
        shutil.copytree(
            os.path.dirname(polarity_keystone.__file__), self.work + "/polarity_keystone",
            ignore=shutil.ignore_patterns("__pycache__"))

    def check(self, results):
        self.assertEqual(results["passed"], 1, results)
        scenario = results["scenarios"][0]
        self.assertIn("sandbox", scenario["agent_output"], scenario)
        calls = [check for check in scenario["invariants"] if check["name"] == "calls"][0]
        self.assertEqual(calls["reason"], "called search:ok store:error")
        told = json.loads(scenario["agent_output"])
        self.assertEqual(told["sandbox"], scenario["sandbox_id"])
        self.assertIn(told["state"], ("ready", "running"))
        self.assertEqual(told["command"], "found Ada")
        # The rest of the API is not there at all, and another sandbox is not its own.
        self.assertEqual((told["experiments"], told["other"]), (404, 403))
        # search, asked for by the model and executed, is one call; store is another, and failed.
        self.assertEqual(told["events"], 6, scenario)
        self.assertEqual((scenario["tool_calls"], scenario["tool_failures"]), (2, 1))
        self.assertEqual(scenario["cost"]["input_tokens"], 1000)
        self.assertEqual(scenario["cost"]["output_tokens"], 200)
        self.assertEqual(scenario["cost"]["model"], "gpt-4o")
        self.assertAlmostEqual(scenario["cost"]["estimated_usd"], 0.0045)
        self.assertEqual(results["metrics"]["tool_success_rate"], 0.5)

    def test_in_a_run_of_the_command(self):
        with open(self.folder + "/spec.yaml", "w", encoding="utf-8") as file:
            file.write(SPEC % FIXTURES)
        environment = {**os.environ, "KEYSTONE_DATA_DIR": self.folder + "/data"}
        subprocess.run([BIN, "plugin", "install", PLUGIN, "--yes"], env=environment, check=True, capture_output=True)
        run = subprocess.run(
            [BIN, "eval", "run", "spec.yaml", "--format", "json", "--runtime", "local"], cwd=self.folder,
            env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.check(json.loads(run.stdout))

    def test_in_an_experiment_of_the_daemon(self):
        daemon = Daemon()
        self.addCleanup(daemon.remove)
        installed = daemon.command("plugin", "install", PLUGIN, "--yes")
        self.assertEqual(installed.returncode, 0, installed.stderr)
        daemon.start()
        daemon.upload(SPEC % self.as_setup_files())
        experiment = daemon.experiment("inside")
        results = daemon.results(experiment)
        self.check(results)
        trace = daemon.request("GET", f"/v1/traces?experiment_id={experiment}").json
        self.assertEqual({event["sandbox_id"] for event in trace["items"]}, {results["scenarios"][0]["sandbox_id"]})

    def as_setup_files(self):
        """The files as part of the spec: a daemon does not read its clients' folders."""
        lines = ["setup:", "  files:"]
        for folder, _, names in os.walk(self.work):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    lines += [f"    - path: {json.dumps(os.path.relpath(path, self.work))}",
                              f"      content: {json.dumps(file.read())}"]
        return "\n".join(lines)
