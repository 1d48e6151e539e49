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


class DaemonBench:
    def __init__(self, bench, quick):
        self.bench = bench
        self.requests = 2000 if quick else 20_000
        self.scenarios = 20 if quick else 100
        self.environment = {**bench.environment, "KEYSTONE_API_KEY": KEY, "KEYSTONE_DATA_DIR": bench.path("daemon")}

    def start(self):
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [self.bench.keystone, "serve", "-port", "0", "-runtime", "local", "-max-sandboxes-per-owner", "64"],
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

    def rate(self, path, count, clients=8):
        """Requests per second and percentiles in milliseconds, from some clients with a connection each."""
        times = [[] for _ in range(clients)]

        def work(own):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            for _ in range(count // clients):
                begin = time.monotonic()
                self.call("GET", path, connection=connection)
                own.append((time.monotonic() - begin) * 1000)

        threads = [threading.Thread(target=work, args=(own,)) for own in times]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - begin
        ordered = sorted(value for own in times for value in own)
        return {
            "per_second": round(len(ordered) / seconds), "p50_ms": round(statistics.median(ordered), 3),
            "p99_ms": round(ordered[int(len(ordered) * 0.99) - 1], 3)}

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
            empty = self.rate("/health", self.requests)
            get = self.rate(f"/v1/sandboxes/{sandboxes[0]}", self.requests)
            before = self.resident_kb()
            sandboxes += [
                json.loads(self.call("POST", "/v1/sandboxes", json.dumps({"spec_id": "bench"})))["id"] for _ in range(16)]
            per_sandbox = (self.resident_kb() - before) / 16
            for sandbox in sandboxes:
                self.call("DELETE", f"/v1/sandboxes/{sandbox}")
            self.grow(identity, 1000)
            poll = self.rate(f"/v1/experiments/{identity}", self.requests // 40)
            before = self.resident_kb()
            connections = [http.client.HTTPConnection("127.0.0.1", self.port) for _ in range(400)]
            for connection in connections:
                connection.connect()
            self.call("GET", "/health", connection=connections[0])
            per_connection = (self.resident_kb() - before) / len(connections)
            return {
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
