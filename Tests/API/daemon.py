"""A daemon for tests: started as the README says, on a free port, with a data folder of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

BIN = os.environ["KEYSTONE_BIN"] + "/keystone"
KEY = "ks_live_0123456789abcdef"

HELLO = """\
version: 1
id: hello
description: writes a file
base: ubuntu:24.04
task:
  prompt: write out.txt
setup:
  files:
    - path: seed.txt
      content: seed
agent:
  type: cli
  binary: /bin/sh
  args: ["-c", "echo hello; echo done > out.txt"]
invariants:
  written:
    description: the file is there
    check:
      type: file_exists
      path: out.txt
"""


def variant(spec_id, *replacements, more=""):
    """HELLO under another id, with pieces replaced and text added."""
    text = HELLO.replace("id: hello", f"id: {spec_id}")
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text + more


def wait_until(condition, what, limit=60):
    """Waits for a condition, never longer than `limit` seconds; answers what it answered."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit} s in vain until {what}")
        time.sleep(0.05)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Daemon:
    """One data folder, in which daemons may be started one after another."""

    def __init__(self, *flags, environment=None):
        self.folder = tempfile.mkdtemp(prefix="keystone-api-")
        self.flags = list(flags)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("KEYSTONE_", "POLARITY_"))},
            "KEYSTONE_DATA_DIR": self.folder + "/data",
            "KEYSTONE_API_KEY": KEY,
            "HOME": self.folder,
            **(environment or {}),
        }
        self.process = None
        self.port = 0

    def start(self):
        self.log = open(self.folder + "/log", "ab")
        start = self.log.tell()
        self.process = subprocess.Popen(
            [BIN, "-port", str(self.port), "-host", "127.0.0.1", "-runtime", "local", *self.flags],
            env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

        def address():
            assert self.process.poll() is None, "the daemon ended: " + self.output()[start:]
            found = re.search(r"url=http://127\.0\.0\.1:(\d+)", self.output()[start:])
            return found and int(found.group(1))

        self.port = wait_until(address, "the daemon listens")
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def output(self):
        with open(self.folder + "/log", "rb") as log:
            return log.read().decode(errors="replace")

    def command(self, *arguments, stdin=""):
        """Runs `keystone ARGUMENTS` on the same data folder."""
        return subprocess.run(
            [BIN, *arguments], env=self.environment, cwd=self.folder, input=stdin, capture_output=True, text=True,
            timeout=120)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        """Ends the daemon in order and answers its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the daemon did not end in order: " + self.output()[-4000:])
        self.log.close()
        return code

    def remove(self):
        if self.process and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, key=KEY, headers=None, timeout=60):
        """One request over plain HTTP; errors of HTTP are replies too."""
        data = body
        if isinstance(body, (dict, list)):
            data = json.dumps(body).encode()
        elif isinstance(body, str):
            data = body.encode()
        wanted = urllib.request.Request(self.url + path, data=data, method=method)
        if isinstance(body, (dict, list)):
            wanted.add_header("Content-Type", "application/json")
        if key:
            wanted.add_header("Authorization", f"Bearer {key}")
        for name, value in (headers or {}).items():
            wanted.add_header(name, value)
        try:
            with urllib.request.urlopen(wanted, timeout=timeout) as reply:
                return Reply(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.headers, error.read())

    def upload(self, text):
        reply = self.request("POST", "/v1/specs", text, headers={"Content-Type": "application/x-yaml"})
        assert reply.status == 201, reply.body
        return reply.json

    def experiment(self, spec_id, run=True, **more):
        reply = self.request("POST", "/v1/experiments", {"name": "test", "spec_id": spec_id, **more})
        assert reply.status == 201, reply.body
        if run:
            started = self.request("POST", f"/v1/experiments/{reply.json['id']}/run")
            assert started.status == 202, started.body
        return reply.json["id"]

    def results(self, experiment, limit=120):
        """The results when the counters add up, as every client waits for them."""

        def complete():
            results = self.request("GET", f"/v1/experiments/{experiment}").json
            done = sum(results[name] for name in ("passed", "failed", "flaky", "errors"))
            return results if 0 < results["total_scenarios"] <= done else None

        return wait_until(complete, f"{experiment} is complete", limit)


class DaemonCase(unittest.TestCase):
    """A case whose tests share one daemon."""

    flags = []

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*cls.flags)
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.start()
        cls.daemon.upload(HELLO)

    def sandbox(self, spec_id="hello", **more):
        reply = self.daemon.request("POST", "/v1/sandboxes", {"spec_id": spec_id, **more})
        self.assertEqual(reply.status, 201, reply.body)
        self.addCleanup(self.daemon.request, "DELETE", f"/v1/sandboxes/{reply.json['id']}")
        return reply.json["id"]
