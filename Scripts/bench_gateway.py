"""What the way through a sandbox's gateway costs: relayed HTTP beside direct, and memory by connection."""
import contextlib
import json
import os
import shutil
import subprocess

SECONDS = 3
CONNECTIONS = 8
REQUEST = b"GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n"
NAMES = """\
import socket, subprocess, sys
address = socket.gethostbyname(sys.argv[1])
sys.exit(subprocess.run(["./load", address + ":" + sys.argv[2], *sys.argv[3:]]).returncode)
"""
SPEC = """\
version: 1
id: {name}
base: "debian:12"
task: {{prompt: Ask.}}
resources: {{timeout: 2m}}
{more}
fixtures:
  - {{type: directory, source: gateway, target: .}}
agent: {{type: python, binary: {program}, args: {arguments}, timeout: 100s}}
invariants:
  done:
    check: {{type: command_exit, command: "true"}}
"""
RELAY = """\
network:
  dns_overrides: {{bench.example: "127.0.0.1:{port}"}}"""
MOCK = """\
services:
  - {name: payment-api, type: http_mock, ports: [9090], routes: [{path: /ok, response: ok}]}"""


class GatewayBench:
    def __init__(self, bench, root):
        self.bench = bench
        self.agents = os.path.join(root, "Tests/Specs/agents")
        self.folder = bench.path("gateway")
        os.mkdir(self.folder)

    def figures(self):
        self.bench.compile("gateway/load", "Load/load.c", "-static")
        self.bench.compile("answer", "Load/answer.c")
        with open(self.folder + "/request", "wb") as file:
            file.write(REQUEST)
        with open(self.folder + "/ask.py", "w", encoding="utf-8") as file:
            file.write(NAMES)
        shutil.copy(self.agents + "/connections.py", self.folder)
        return {"relayed_http": self.relayed(), "connections": self.memory()}

    def run(self, name, program, arguments, more):
        spec = self.bench.write(
            f"{name}.yaml", SPEC.format(name=name, program=program, arguments=json.dumps(arguments), more=more))
        run = self.bench.measured(self.bench.eval(spec), True)
        with open(self.bench.path("results"), encoding="utf-8") as file:
            return run, json.load(file)["scenarios"][0]

    def relayed(self):
        """Keep-alive requests, one at a time on each connection; every one is understood and recorded by the relay."""
        with self.server() as port:
            bare = json.loads(subprocess.run(
                [self.folder + "/load", str(port), str(CONNECTIONS), str(SECONDS), self.folder + "/request"],
                check=True, stdout=subprocess.PIPE).stdout)
            _, scenario = self.run(
                "relayed", "ask.py", ["bench.example", "80", str(CONNECTIONS), str(SECONDS), "request"],
                RELAY.format(port=port))
        found = json.loads(scenario["agent_output"])
        return {
            "per_second": found["per_second"], "baseline": bare["per_second"],
            "ratio": round(found["per_second"] / bare["per_second"], 3),
            "p50_us": found["p50_us"], "p99_us": found["p99_us"], "direct_p50_us": bare["p50_us"],
            "direct_p99_us": bare["p99_us"], "wrong": found["wrong"], "connections": CONNECTIONS,
        }

    def memory(self):
        """The peak of the whole program with one connection to a mock, and with many at once."""
        one, _ = self.run("one", "connections.py", ["1"], MOCK)
        most = 1000 if self.bench.scenario_count < 200 else 10_000
        many, scenario = self.run("many", "connections.py", [str(most)], MOCK)
        return {
            "count": most, "answered": scenario["agent_output"].strip(), "peak_mb": many["peak_mb"],
            "baseline": one["peak_mb"], "kib_each": round((many["peak_mb"] - one["peak_mb"]) * 1024 / most, 2),
            "agent_ms": scenario["agent_ms"],
        }

    @contextlib.contextmanager
    def server(self):
        process = subprocess.Popen([self.bench.path("answer")], stdout=subprocess.PIPE, text=True)
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()
            process.wait()
