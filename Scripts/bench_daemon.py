"""Figures of the daemon over HTTP, each beside the same client on the emptiest route, /health."""

import http.client
import json
import os
import re
import signal
import sqlite3
import statistics
import subprocess
import threading
import time

KEY = "ks_live_bench"
SOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Tests/Benchmarks")
SPEC = """\
version: 1
id: bench
base: ubuntu:24.04
task: {prompt: nothing}
agent: {type: cli, binary: /bin/true}
invariants:
  exit:
    description: exits
    check: {type: command_exit, command: "true"}
parallelism: {replicas: REPLICAS}
"""
# Nothing but the queue, a sandbox and a look at it: what ten thousand of them need is the daemon's own.
MANY = """\
version: 1
id: many
base: ubuntu:24.04
task: {prompt: nothing}
invariants:
  absent:
    check: {type: file_absent, path: nothing.txt}
parallelism: {replicas: REPLICAS}
"""


class DaemonBench:
    def __init__(self, bench, quick):
        self.bench = bench
        self.scenarios = 20 if quick else 100
        self.replicas = 200 if quick else 10_000
        self.events = 20_000 if quick else 1_000_000
        self.seconds = 1 if quick else 4
        self.load = bench.compile("daemon-load", "Load/load.c")
        self.environment = {**bench.environment, "KEYSTONE_API_KEY": KEY, "KEYSTONE_DATA_DIR": bench.path("daemon")}

    def start(self, *flags):
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [self.bench.keystone, "serve", "-port", "0", "-runtime", "local", "-max-sandboxes-per-owner", "64", *flags],
            env=self.environment, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"url=http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                break
        else:
            raise SystemExit("bench: the daemon did not start")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return (time.monotonic() - begin) * 1000

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def call(self, method, path, body=None, connection=None):
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, body, {"Authorization": f"Bearer {KEY}"})
        reply = connection.getresponse()
        data = reply.read()
        if reply.status >= 400:
            raise SystemExit(f"bench: {method} {path} answered {reply.status}: {data[:300]}")
        return data

    def rate(self, path):
        """Requests per second and percentiles in milliseconds, from a program in C with eight connections."""
        request = self.bench.path("daemon-request")
        with open(request, "w", encoding="ascii", newline="") as file:
            file.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\n\r\n")
        told = json.loads(subprocess.run(
            [self.load, str(self.port), "8", str(self.seconds), request], check=True, stdout=subprocess.PIPE).stdout)
        if told["wrong"]:
            raise SystemExit(f"bench: {told['wrong']} answers of {path} were not 200")
        return {"per_second": round(told["per_second"]), "p50_ms": told["p50_us"] / 1000, "p99_ms": told["p99_us"] / 1000}

    def polls(self, path, count=100):
        """The same for an answer that is streamed, which the program does not understand: one after another."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        times = []
        for _ in range(count):
            begin = time.monotonic()
            self.call("GET", path, connection=connection)
            times.append((time.monotonic() - begin) * 1000)
        times.sort()
        return {"per_second": round(1000 * count / sum(times)), "p50_ms": round(statistics.median(times), 3),
                "p99_ms": round(times[int(count * 0.99) - 1], 3)}

    def resident_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))

    def experiment(self):
        self.call("POST", "/v1/specs", SPEC.replace("REPLICAS", str(self.scenarios)))
        body = json.dumps({"name": "bench", "spec_id": "bench"})
        return json.loads(self.call("POST", "/v1/experiments", body))["id"]

    def run_experiment(self):
        identity = self.experiment()
        begin = time.monotonic()
        self.call("POST", f"/v1/experiments/{identity}/run")
        while json.loads(self.call("GET", f"/v1/experiments/{identity}"))["passed"] < self.scenarios:
            time.sleep(0.02)
        return identity, self.scenarios / (time.monotonic() - begin)

    def embedded(self):
        spec = self.bench.write("daemon-bench.yaml", SPEC.replace("REPLICAS", str(self.scenarios)))
        begin = time.monotonic()
        subprocess.run(
            [self.bench.keystone, "eval", "run", spec, "--runtime", "local", "--concurrency", str(2 * os.cpu_count())],
            env=self.bench.environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.scenarios / (time.monotonic() - begin)

    def grow(self, identity, count):
        """Makes the finished experiment one of `count` scenarios, so that polling it can be measured."""
        store = sqlite3.connect(self.environment["KEYSTONE_DATA_DIR"] + "/keystone.sqlite")
        with store:
            columns = [row[1] for row in store.execute("PRAGMA table_info(scenarios)")]
            shown = ", ".join({"id": "'x' || n", "ordinal": "100000 + n"}.get(name, name) for name in columns)
            store.execute(
                f"WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count}) "
                f"INSERT INTO scenarios ({', '.join(columns)}) SELECT {shown} FROM scenarios, number "
                f"WHERE experiment_id = ? AND ordinal = 0", (identity,))
        store.close()

    def replicated(self):
        """One experiment of very many scenarios: the daemon's memory when a tenth is done and at its peak afterwards."""
        self.start("-local-isolation", "none")
        try:
            self.call("POST", "/v1/specs", MANY.replace("REPLICAS", str(self.replicas)))
            identity = json.loads(self.call("POST", "/v1/experiments", json.dumps({"name": "many", "spec_id": "many"})))["id"]
            begin = time.monotonic()
            self.call("POST", f"/v1/experiments/{identity}/run")
            early, peak, done = 0, 0, 0
            while done < self.replicas:
                time.sleep(0.2)
                done = json.loads(self.call("GET", f"/v1/experiments/{identity}"))["passed"]
                resident = self.resident_kb()
                if done < self.replicas:
                    peak = max(peak, resident)
                if not early and done >= self.replicas / 10:
                    early = resident
            return {"replicas": self.replicas, "kb_at_a_tenth": early, "peak_kb": peak, "growth": round(peak / early, 2),
                    "kb_with_all_results_asked_for": self.resident_kb(),
                    "per_second": round(self.replicas / (time.monotonic() - begin), 1)}
        finally:
            self.stop()

    def start_with_events(self):
        """How long a start takes with so many trace events in the store."""
        store = sqlite3.connect(self.environment["KEYSTONE_DATA_DIR"] + "/keystone.sqlite")
        columns = [row[1] for row in store.execute("PRAGMA table_info(trace_events)") if row[1] != "id"]
        shown = ", ".join({"span_id": "'span' || n", "trace": "'trace' || (n / 50)"}.get(name, name) for name in columns)
        with store:
            store.execute(
                f"WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {self.events}) "
                f"INSERT INTO trace_events ({', '.join(columns)}) SELECT {shown} "
                f"FROM (SELECT * FROM trace_events ORDER BY id LIMIT 1), number")
        store.close()
        size = os.path.getsize(self.environment["KEYSTONE_DATA_DIR"] + "/keystone.sqlite")
        starts = []
        for _ in range(5):
            starts.append(self.start())
            self.stop()
        return {"value": round(statistics.median(starts), 1), "unit": "ms", "aim": 300,
                "reached": statistics.median(starts) <= 300, "events": self.events, "store_mb": size >> 20}

    def figures(self, figure):
        first = self.start()
        self.stop()
        starts = []
        for _ in range(5):
            starts.append(self.start())
            self.stop()
        self.start()
        try:
            self.call("GET", "/health")
            idle = self.resident_kb()
            embedded = self.embedded()
            identity, rate = self.run_experiment()
            sandboxes = [
                json.loads(self.call("POST", "/v1/sandboxes", json.dumps({"spec_id": "bench"})))["id"] for _ in range(1)]
            empty = self.rate("/health")
            get = self.rate(f"/v1/sandboxes/{sandboxes[0]}")
            before = self.resident_kb()
            sandboxes += [
                json.loads(self.call("POST", "/v1/sandboxes", json.dumps({"spec_id": "bench"})))["id"] for _ in range(16)]
            per_sandbox = (self.resident_kb() - before) / 16
            for sandbox in sandboxes:
                self.call("DELETE", f"/v1/sandboxes/{sandbox}")
            self.grow(identity, 1000)
            poll = self.polls(f"/v1/experiments/{identity}")
            before = self.resident_kb()
            connections = [http.client.HTTPConnection("127.0.0.1", self.port) for _ in range(400)]
            for connection in connections:
                connection.connect()
            self.call("GET", "/health", connection=connections[0])
            per_connection = (self.resident_kb() - before) / len(connections)
            event = {"event_type": "tool_call", "tool": "bench", "phase": "end", "span_id": "span", "status": "ok",
                     "input": "x" * 300, "output": "y" * 300}
            self.call("POST", "/v1/traces", json.dumps({"events": [event]}))
            found = {
                "start_ms": figure(round(statistics.median(starts), 1), aim=60, first_ever_ms=round(first, 1)),
                "resident_kb": figure(idle),
                "sandbox_get": figure(get["per_second"], baseline=empty["per_second"], unit="1/s", **get),
                "health": figure(empty["per_second"], unit="1/s", **empty),
                "experiment_poll_1000": figure(
                    poll["per_second"], baseline=empty["per_second"], unit="1/s", **poll),
                "scenarios": figure(round(rate, 1), baseline=round(embedded, 1), unit="1/s"),
                "kb_per_sandbox": figure(round(per_sandbox, 1)),
                "kb_per_connection": figure(round(per_connection, 2)),
            }
        finally:
            self.stop()
        return found | {"many_replicas": self.replicated(), "start_with_events": self.start_with_events()}
