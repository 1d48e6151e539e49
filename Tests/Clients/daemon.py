"""A daemon under test: starts `keystone serve` with a data folder of its own and stops it in order."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import json


class Daemon:
    def __init__(self, folder, key="ks_live_test", flags=(), environment=None):
        self.folder, self.key, self.flags = folder, key, list(flags)
        self.environment = environment or {}
        self.start()

    def start(self):
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("KEYSTONE_", "POLARITY_"))},
            "KEYSTONE_DATA_DIR": f"{self.folder}/data", "KEYSTONE_API_KEY": self.key, **self.environment}
        binary = os.environ["KEYSTONE_BIN"] + "/keystone"
        self.process = subprocess.Popen(
            [binary, "serve", "-port", "0", "-runtime", "local", *self.flags],
            env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log, self.url, ready = [], None, threading.Event()

        def read():
            for line in self.process.stderr:
                self.log.append(line)
                found = re.search(r"http://[0-9.]+:([1-9]\d*)", line)
                if found and not self.url:
                    self.url = found.group(0)
                    ready.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        if not ready.wait(60) or not self.url:
            self.stop()
            raise SystemExit("the daemon did not start:\n" + "".join(self.log))

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def call(self, method, path, body=None, headers=None, raw=False):
        """One request; answers (status, value)."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json",
                                    **(headers or {})}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, text if raw else json.loads(text) if text else None


def wait(condition, seconds=60, what="the condition"):
    """Waits until `condition` answers something true, and answers that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")


def run(tests):
    """Runs test functions with a daemon each may use; prints what failed and ends with 1 if anything did."""
    failures = 0
    with tempfile.TemporaryDirectory(prefix="keystone-client-") as folder:
        flags, environment = getattr(tests, "FLAGS", ()), getattr(tests, "ENVIRONMENT", None)
        daemon = Daemon(folder, flags=flags, environment=environment)
        try:
            for name in [n for n in dir(tests) if n.startswith("test_")]:
                try:
                    getattr(tests, name)(daemon)
                    print(f"ok {name}")
                except Exception as error:
                    import traceback
                    failures += 1
                    print(f"FAILED {name}: {error}\n{traceback.format_exc()}")
        finally:
            code = daemon.stop()
        if code != 0:
            failures += 1
            print(f"FAILED the daemon ended with {code}")
        if failures:
            print("".join(daemon.log[-60:]))
    sys.exit(1 if failures else 0)
