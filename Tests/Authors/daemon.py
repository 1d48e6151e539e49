"""A daemon of one test: started on a free port, asked over HTTP, ended by its number."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

KEY = "key-of-the-test"


class Daemon:
    def __init__(self, binaries, data, *flags):
        self.keystone = os.path.join(binaries, "keystone")
        self.environment = {"PATH": os.environ["PATH"], "HOME": data, "LANG": "C.UTF-8", "KEYSTONE_DATA_DIR": data,
                            "KEYSTONE_API_KEY": KEY}
        self.log = tempfile.NamedTemporaryFile(mode="w+", prefix="keystone-daemon-", suffix=".log")
        self.process = subprocess.Popen([self.keystone, "serve", "-port", "0", *flags], env=self.environment,
                                        stdout=self.log, stderr=self.log)
        match = self.wait(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", self.text()), "it did not listen")
        self.port = int(match.group(1))

    def text(self):
        with open(self.log.name, errors="replace") as file:
            return file.read()

    def wait(self, condition, what, limit=60):
        end = time.monotonic() + limit
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{what}\n{self.text()[-6000:]}")
            time.sleep(0.05)

    def ask(self, method, path, body=None, kind="application/json"):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, method=method)
        request.add_header("Authorization", f"Bearer {KEY}")
        if data is not None:
            request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                text = response.read()
                return response.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text else None

    def must(self, method, path, body=None, kind="application/json"):
        status, answer = self.ask(method, path, body, kind)
        assert status < 300, f"{method} {path} answered {status}: {answer}\n{self.text()[-3000:]}"
        return answer

    def begin(self, spec, name):
        """Uploads a spec and runs it; answers the experiment's id."""
        uploaded = self.must("POST", "/v1/specs", spec.encode(), "application/x-yaml")
        experiment = self.must("POST", "/v1/experiments", {"name": name, "spec_id": uploaded["id"]})
        self.must("POST", f"/v1/experiments/{experiment['id']}/run")
        return experiment["id"]

    def results(self, experiment, limit=120):
        """The results of an experiment once it is completed."""
        def look():
            found = self.must("GET", f"/v1/experiments/{experiment}")
            done = found["passed"] + found["failed"] + found["flaky"] + found["errors"]
            return found if found["total_scenarios"] > 0 and done == found["total_scenarios"] else None
        return self.wait(look, f"the experiment {experiment} did not end", limit)

    def command(self, *arguments):
        """Another `keystone` command with the same data folder."""
        done = subprocess.run([self.keystone, *arguments], env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"keystone {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def hang_up(self):
        """Asks it for a new generation with SIGHUP, and waits until it has answered."""
        lines = self.text().count("generation of plugins") + self.text().count("the plugins in use stay")
        os.kill(self.process.pid, signal.SIGHUP)
        self.wait(lambda: self.text().count("generation of plugins") + self.text().count("the plugins in use stay") > lines,
                  "it did not answer SIGHUP")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
