"""Kills the daemon at random moments while an experiment runs and traces come in, and counts what is left.

With KEYSTONE_TEST_FIGURES=FILE the counts are written there as JSON.
"""

import json
import os
import random
import subprocess
import threading
import time
import unittest

from daemon import Daemon, variant, wait_until

FULL = os.environ.get("KEYSTONE_TEST_FULL") == "1"
KILLS = 50 if FULL else 3
SCENARIOS = 200 if FULL else 40
# One scenario in four fails, always the same ones, so that verdicts can be compared.
AGENT = (
    '"echo hello; echo done > out.txt"',
    '"sleep 0.2; test $((KEYSTONE_REPLICA % 4)) = 0 || echo done > out.txt"')


class Tracer:
    """Sends events as fast as they are acknowledged and remembers which were."""

    def __init__(self, daemon):
        self.daemon, self.acknowledged, self.is_over = daemon, [], False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        number = 0
        while not self.is_over:
            number += 1
            event = {
                "event_type": "tool_call", "tool": "crash", "phase": "end", "status": "ok", "duration_ms": 1,
                "span_id": f"span-{number}"}
            try:
                reply = self.daemon.request("POST", "/v1/traces", {"events": [event]}, timeout=10)
                if reply.status == 404:
                    return
                if reply.status == 200:
                    self.acknowledged.append(event["span_id"])
            except (OSError, ConnectionError):
                time.sleep(0.02)


class CrashTests(unittest.TestCase):
    def leftovers(self, daemon):
        """Processes, folders and mounts of sandboxes of this data folder; a namespace lives by one of them."""
        root = daemon.folder + "/data/sandboxes"
        folders = [name for name in os.listdir(root) if not name.startswith(".attachment")] if os.path.isdir(root) else []
        processes = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    if root.encode() in line.read():
                        processes.append(pid)
            except OSError:
                pass
        with open("/proc/self/mounts") as mounts:
            mounted = [line for line in mounts if root in line]
        return folders + processes + mounted

    def test_nothing_acknowledged_is_lost_and_nothing_is_judged_twice(self):
        seed = random.randrange(1 << 30)
        print(f"\nseed {seed}", flush=True)
        chance = random.Random(seed)
        daemon = Daemon()
        self.addCleanup(daemon.remove)
        daemon.start()
        daemon.upload(variant("crash", AGENT, more=f"parallelism:\n  replicas: {SCENARIOS}\n"))
        experiment = daemon.experiment("crash")
        tracer = Tracer(daemon)
        seen, began, waits, runs = {}, time.monotonic(), [], 1
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 1.2))
            if daemon.request("GET", f"/v1/experiments/{experiment}").json["status"] != "running":
                again = daemon.request("POST", f"/v1/experiments/{experiment}/run")
                self.assertEqual(again.status, 202, again.body)
                seen, runs = {}, runs + 1
            seen.update(self.verdicts(daemon))
            daemon.kill()
            killed = time.monotonic()
            daemon.start()
            waits.append(time.monotonic() - killed)
            verdicts = self.verdicts(daemon)
            self.assertEqual({name: verdicts.get(name) for name in seen}, seen, "a finished verdict changed or is gone")
        results = daemon.results(experiment, limit=600)
        tracer.is_over = True
        tracer.thread.join(30)
        self.assertEqual(results["total_scenarios"], SCENARIOS)
        self.assertEqual((results["failed"], results["errors"]), (SCENARIOS // 4, 0))
        self.assertEqual(results["passed"], SCENARIOS - SCENARIOS // 4)
        self.assertEqual(len({item["scenario_id"] for item in results["scenarios"]}), SCENARIOS)
        verdicts = self.verdicts(daemon)
        self.assertEqual({name: verdicts.get(name) for name in seen}, seen)
        self.check_traces(daemon, tracer.acknowledged)
        try:
            wait_until(lambda: not self.leftovers(daemon), "no process, folder or mount of a sandbox is left", 30)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {self.leftovers(daemon)}") from None
        self.assertEqual(self.by_scenario(results), self.by_scenario(daemon.results(daemon.experiment("crash"), limit=600)),
                         "the verdicts are not those of an undisturbed run")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.command("store", "check").returncode, 0)
        self.write({
            "seed": seed, "kills": KILLS, "scenarios": SCENARIOS, "runs_of_the_experiment": runs,
            "seconds": round(time.monotonic() - began, 1), "events_acknowledged": len(tracer.acknowledged), "events_lost": 0,
            "scenarios_run_again": sum(item["attempt"] > 1 for item in results["scenarios"]),
            "verdicts_changed": 0, "left_behind": 0,
            "restart_s": {"median": round(sorted(waits)[len(waits) // 2], 3), "longest": round(max(waits), 3)},
        })

    def by_scenario(self, results):
        return {item["scenario_id"]: item["status"] for item in results["scenarios"]}

    def write(self, figures):
        print(json.dumps(figures), flush=True)
        if os.environ.get("KEYSTONE_TEST_FIGURES"):
            with open(os.environ["KEYSTONE_TEST_FIGURES"], "w", encoding="utf-8") as file:
                json.dump(figures, file, indent=2)
                file.write("\n")

    def verdicts(self, daemon):
        """Which scenarios are done, with their verdict and the moment it was written: read from the store itself."""
        script = (
            "import sqlite3, sys, json; c = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True); "
            "print(json.dumps(dict((r[0], list(r[1:])) for r in "
            "c.execute(\"select id, verdict, attempt, updated_at from scenarios where status = 'done'\"))))")
        output = subprocess.run(
            ["python3", "-c", script, daemon.folder + "/data/keystone.sqlite"], capture_output=True, text=True, timeout=60)
        self.assertEqual(output.returncode, 0, output.stderr)
        return json.loads(output.stdout)

    def check_traces(self, daemon, acknowledged):
        if not acknowledged:
            return
        stored, cursor = set(), ""
        while True:
            page = daemon.request("GET", f"/v1/traces?tool=crash&limit=1000&cursor={cursor}").json
            stored.update(item["span_id"] for item in page["items"])
            cursor = page.get("next_cursor")
            if not cursor:
                break
        self.assertEqual(set(acknowledged) - stored, set(), "an acknowledged event is gone")
