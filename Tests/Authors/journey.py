#!/usr/bin/env python3
"""Goes the way of a new plugin author for every template: new, build, test, validate, install, run the example, see the verdict;
then the same spec in a daemon that has been running all the while.

    Tests/Authors/journey.py BIN [--only NAME…] [--json]

BIN is the folder of the executable, whose SDK must be there. Prints one line per template, or with --json the seconds of each
step. Exits with 1 when a step does not do what it must.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from daemon import Daemon

TEMPLATES = ["swift-invariant", "swift-forbidden", "swift-fixture", "swift-agent", "swift-notifier", "swift-runtime",
             "c-invariant", "c-forbidden", "rust-invariant"]
# What each step is allowed to take, so that nothing hangs; two busy cores are slow.
LIMIT = 300


class Failure(Exception):
    pass


class Author:
    def __init__(self, binaries, folder):
        self.received = []
        receiver = f"http://127.0.0.1:{self.listen()}"
        self.daemon = Daemon(binaries, os.path.join(folder, "data"), "-allow-outbound", receiver)
        self.receiver = receiver
        self.keystone = os.path.join(binaries, "keystone")
        self.folder = folder
        self.environment = dict(os.environ, KEYSTONE_DATA_DIR=os.path.join(folder, "data"), KEYSTONE=self.keystone)
        self.seconds = {}

    def listen(self):
        """A receiver of what notifiers post; answers its port."""
        received = self.received

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                received.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port

    def run(self, step, *command, cwd=None, expected=0):
        start = time.monotonic()
        done = subprocess.run(command, cwd=cwd or self.folder, env=self.environment, text=True, errors="replace",
                              capture_output=True, timeout=LIMIT)
        self.seconds[step] = round(self.seconds.get(step, 0) + time.monotonic() - start, 3)
        if done.returncode != expected:
            raise Failure(f"{step}: `{' '.join(command)}` ended with {done.returncode} and not {expected}\n"
                          f"{self.summary(done.stdout)}\n{done.stderr[-4000:]}")
        return done.stdout

    @staticmethod
    def summary(output):
        """What failed in a validation's JSON, or the end of any other output."""
        try:
            cases = [case for part in json.loads(output)["parts"] for case in part["cases"]]
            return "\n".join(f"{case['name']}: {case['reason']}" for case in cases if case["outcome"] == "failed")
        except (ValueError, KeyError, TypeError):
            return output[-4000:]

    def expect(self, condition, what):
        if not condition:
            raise Failure(what)

    def go(self, template):
        language, kind = template.split("-")
        name = f"{language}-{kind}-check"
        plain = name.replace("-", "_")
        place = os.path.join(self.folder, name)
        self.seconds = {}
        self.run("new", self.keystone, "plugin", "new", name, "--kind", kind, "--lang", language)
        self.run("build", "make", "-s", cwd=place)
        self.check_file(os.path.join(place, f"{name}.so"), language)
        if template == "swift-invariant":  # one for all: the same Package.swift
            subprocess.run(["swift", "build"], cwd=place, env=self.environment, check=True, capture_output=True, timeout=LIMIT)
        if language == "swift":
            self.run("test", "make", "-s", ".build/tests", cwd=place)
            self.run("test", ".build/tests", cwd=place)
        report = json.loads(self.run("validate", self.keystone, "plugin", "validate", f"{name}.so", "--format", "json", cwd=place))
        cases = sum(len(part["cases"]) for part in report["parts"])
        self.expect(report["passed"] and report["plugin"] == name, f"validate says {report}")
        self.expect(cases >= (40 if kind == "runtime" else 20), f"validate ran only {cases} cases")
        installed = self.run("install", self.keystone, "plugin", "install", "--yes", f"{name}.so", cwd=place)
        digest = re.search(r"sha256 ([0-9a-f]{64})", installed).group(1)
        if kind == "notifier":
            self.fire(os.path.join(place, "spec.yaml"))
        flags = ["--runtime", plain] if kind == "runtime" else []
        results = json.loads(self.run("example", self.keystone, "eval", "run", "spec.yaml", "--format", "json", *flags, cwd=place))
        self.check_results(results, kind, name, plain, digest)
        start = time.monotonic()
        taken = self.daemon.must("POST", "/v1/plugins/reload")
        self.expect(any(label.startswith(f"{name} 0.1.0 {digest[:12]}") for label in taken["added"]), f"the daemon took {taken}")
        if kind != "runtime":  # a daemon keeps the runtime it began with
            with open(os.path.join(place, "spec.yaml")) as file:
                results = self.daemon.results(self.daemon.begin(file.read().replace("id: example-name", f"id: {name}"), name))
            self.check_results(results, kind, name, plain, digest)
        self.seconds["daemon"] = round(time.monotonic() - start, 3)
        return {"seconds": dict(self.seconds, total=round(sum(self.seconds.values()), 3)), "cases": cases}

    def check_file(self, file, language):
        symbols = subprocess.run(["nm", "-D", "--defined-only", "--extern-only", file], capture_output=True, text=True, check=True)
        exports = {line.split()[-1] for line in symbols.stdout.splitlines()} - {"__dispatch_tsd"}
        self.expect(exports == {"keystone_plugin_1"}, f"{file} exports {exports}")
        dynamic = subprocess.run(["readelf", "-d", file], capture_output=True, text=True, check=True).stdout
        needed = set(re.findall(r"NEEDED.*\[(.*)\]", dynamic))
        allowed = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
                   "libpthread.so.0", "libdl.so.2"}
        self.expect(needed <= allowed, f"{file} needs {needed - allowed}")

    def fire(self, spec):
        """Makes the example's alert fire, where somebody listens."""
        with open(spec) as file:
            text = file.read()
        for old, new in (("pass_rate < 0.5", "pass_rate >= 0.5"), ("https://chat.example.com/hooks/1", f"{self.receiver}/hook")):
            self.expect(old in text, f"the example of notifiers does not have `{old}`")
            text = text.replace(old, new)
        with open(spec, "w") as file:
            file.write(text)

    def check_results(self, results, kind, name, plain, digest):
        scenario = results["scenarios"][0]
        self.expect(scenario["status"] == "pass", f"the example's verdict is {scenario['status']}: {scenario}")
        if kind == "invariant":
            self.provenance(scenario["invariants"][0], name, digest)
        elif kind == "forbidden":
            rule = next(rule for rule in scenario["forbidden_checks"] if rule["rule"] == plain)
            self.provenance(rule, name, digest)
        elif kind == "notifier":
            self.daemon.wait(lambda: self.received, "the notifier told nobody")
            self.received.clear()
            if "alerts" in results:  # a daemon keeps its deliveries elsewhere
                self.provenance(results["alerts"][0], name, digest)
                self.expect(results["alerts"][0]["delivered"], f"the alert was not delivered: {results['alerts']}")
        else:
            part = next(part for part in scenario["plugins"] if (part["point"], part["type"]) == (kind, plain))
            self.provenance(part, name, digest)
            if kind == "runtime":
                self.expect(scenario["environment"]["runtime"] == plain, f"it ran in {scenario['environment']}")

    def provenance(self, finding, name, digest):
        plugin = finding.get("plugin") or {}
        self.expect(plugin.get("name") == name and plugin.get("version") == "0.1.0" and plugin.get("sha256") == digest,
                    f"the finding does not say which plugin made it: {finding}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binaries")
    parser.add_argument("--only", nargs="*", default=TEMPLATES)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="keystone-authors-")
    author, figures, failed = Author(os.path.abspath(arguments.binaries), folder), {}, False
    try:
        for template in arguments.only:
            try:
                figures[template] = author.go(template)
                print(f"{template}: {figures[template]}", file=sys.stderr)
            except (Failure, AssertionError, subprocess.TimeoutExpired) as failure:
                failed = True
                print(f"{template} FAILED: {failure}", file=sys.stderr)
    finally:
        author.daemon.end()
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        print(json.dumps(figures, indent=2))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
