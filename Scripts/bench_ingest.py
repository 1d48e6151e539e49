"""Trace events through HTTP into the store."""
import json
import os
import re
import sqlite3
import subprocess
import threading
import time

from bench_process import say

SOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Tests/Benchmarks")
INGEST_AIMS = {1: 15_000, 100: 40_000, 1000: 60_000}


class IngestBench:
    """Trace events per second through HTTP into the store, beside the same texts put into bare SQLite."""

    def __init__(self, bench, folder):
        self.bench, self.folder = bench, folder
        self.seconds = 2 if bench.repeats == 5 else 8
        self.load = os.path.join(folder, "load")
        subprocess.run(["cc", "-std=c11", "-O2", "-o", self.load, os.path.join(SOURCES, "Load/load.c")], check=True)

    @staticmethod
    def event(number):
        return {"ts": "2026-01-01T00:00:00.123456+00:00", "event_type": "tool_call", "tool": f"tool_{number % 7}",
                "phase": "end", "span_id": f"span_{number:012x}", "parent_span_id": f"span_{number // 9:012x}",
                "root_span_id": f"span_{number // 99:012x}", "duration_ms": number % 1000, "status": "ok",
                "input": "x" * 120, "output": "y" * 120, "metadata": {"gen_ai.system": "anthropic"}}

    def run(self):
        environment = {**self.bench.environment, "KEYSTONE_DATA_DIR": os.path.join(self.folder, "ingest"),
                       "KEYSTONE_API_KEY": "ks_live_bench"}
        daemon = subprocess.Popen(
            [self.bench.keystone, "serve", "-port", "0", "-runtime", "local"], env=environment, text=True,
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            port = next(found.group(1) for line in daemon.stderr
                        if (found := re.search(r"http://127\.0\.0\.1:([1-9]\d*)", line)))
            threading.Thread(target=daemon.stderr.read, daemon=True).start()
            return {f"batches_of_{size}": self.figure(port, size) for size in INGEST_AIMS}
        finally:
            daemon.terminate()
            daemon.wait(30)

    def figure(self, port, size):
        connections = 64 if size == 1 else 8
        say(f"ingesting batches of {size} over {connections} connections")
        body = json.dumps({"events": [self.event(number) for number in range(size)]}).encode()
        head = ("POST /v1/traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ks_live_bench\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        request = os.path.join(self.folder, "request")
        with open(request, "wb") as file:
            file.write(head + body)
        told = json.loads(subprocess.run(
            [self.load, port, str(connections), str(self.seconds), request], check=True, capture_output=True).stdout)
        value = round(told["per_second"] * size)
        # A higher figure is better here.
        return {"value": value, "unit": "events/s, durable", "aim": INGEST_AIMS[size],
                "reached": value >= INGEST_AIMS[size], "baseline": self.bare(size), "p50_us": told["p50_us"],
                "p99_us": told["p99_us"], "wrong": told["wrong"]}

    def bare(self, size):
        """The same texts in transactions of this size, with `synchronous = FULL`; single events share theirs as 64 do."""
        path = os.path.join(self.folder, f"bare-{size}.sqlite")
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
        rows = [(json.dumps(self.event(number)),) for number in range(max(size, 64))]
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < 2:
            database.execute("BEGIN")
            database.executemany("INSERT INTO events (body) VALUES (?)", rows)
            database.execute("COMMIT")
            count += len(rows)
        database.close()
        return round(count / (time.perf_counter() - start))
