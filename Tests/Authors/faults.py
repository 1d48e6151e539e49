#!/usr/bin/env python3
"""Lets plugins do everything wrong in a running daemon, in both homes: each fault costs its own scenario and nothing else.

    Tests/Authors/faults.py BIN
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from daemon import Daemon

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# For each fault the words its error must hold; None where the first answer counts and the scenario passes.
ISOLATED = {
    "crash": "SIGSEGV", "trap": "Fatal error: Index out of range", "abort": "SIGABRT", "stack": "SIGSEGV", "exit": "exit status 0",
    "loop": "did not finish within its time", "deadlock": "did not finish within its time", "memory": "SIGABRT",
    "closed": "in the middle of its work", "garbage": "broke the protocol", "json": "cannot be read", "oversized": "16 MiB",
    "frame": "", "flood": "more than it was granted", "never": "did not finish within its time", "late": "its time", "twice": None,
    "print": None, "grandchild": "exit status 5", "attack": None,
}
# What a plugin in the daemon's own process can do without taking it along.
IN_PROCESS = ["json", "oversized", "frame", "flood", "never", "late", "twice", "print"]


def spec(fault, more=""):
    return f"""
version: 1
id: fault-{fault}
base: "debian:12"
task: {{ prompt: Nothing. }}
invariants:
  faulty:
    timeout: 3s
    check: {{ type: faulty_{fault}{more} }}
  good:
    check: {{ type: command_exit, command: "true" }}
"""


HEALTHY = """
version: 1
id: healthy
base: "debian:12"
task: { prompt: Nothing. }
agent: { type: cli, binary: sh, args: [-c, "echo $N > n"] , env: { N: "{{ matrix.n }}" } }
parallelism:
  matrix: [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }, { n: 6 }]
invariants:
  at_most_three:
    check: { type: command_exit, command: test $(cat n) -le 3 }
"""

CLOSED = """
version: 1
id: closed-rule
base: "debian:12"
task: { prompt: Nothing. }
invariants:
  good:
    check: { type: command_exit, command: "true" }
forbidden:
  faulty_crash: {}
"""

# An experiment that passes, of which three notifiers are to tell.
ALERTED = """
version: 1
id: alerted
base: "debian:12"
task: { prompt: Nothing. }
invariants:
  good:
    check: { type: command_exit, command: "true" }
"""


SLOW = """
version: 1
id: slow
base: "debian:12"
task: { prompt: Nothing. }
agent: { type: cli, binary: sleep, args: ["4"] }
invariants:
  checked:
    check: { type: faulty_print }
"""


def build(fault, folder, version="1.2.3", flags=()):
    file = os.path.join(folder, f"{fault}-{version}.so")
    subprocess.run(["cc", "-std=c11", "-O1", "-w", f'-DFAULT="{fault}"', f'-DVERSION="{version}"', *flags, f"-I{ROOT}/Sources/CKeystonePlugin/include", "-shared",
                    "-fPIC", "-fvisibility=hidden", "-pthread", "-o", file, f"{ROOT}/Tests/Plugins/c_faulty/c_faulty.c"], check=True)
    return file


def check_fault(fault, words, results, home):
    scenario = results["scenarios"][0]
    finding = next(item for item in scenario["invariants"] if item["name"] == "faulty")
    good = next(item for item in scenario["invariants"] if item["name"] == "good")
    shown = {key: scenario.get(key) for key in ["status", "error", "composite_score"]}
    where = f"{fault} ({home}): {shown} {finding}"
    assert good["passed"], f"the other check did not pass; {where}"
    if words is None:
        assert scenario["status"] == "pass", where
    else:
        assert scenario["status"] == "error", where
        error = scenario.get("error", "")
        assert words in error, f"the error does not say `{words}`; {where}"
        if fault != "json":
            assert f"faulty-{fault} 1.2.3" in error, f"the error does not name the plugin; {where}"
    plugin = finding.get("plugin") or {}
    assert plugin.get("name") == f"faulty-{fault}" and len(plugin.get("sha256", "")) == 64, f"no provenance; {where}"


def run_matrix(daemon, faults, home, more):
    healthy = daemon.begin(HEALTHY, f"healthy beside {home}")
    begun = {fault: daemon.begin(spec(fault, more if fault == "attack" else ""), fault) for fault in faults}
    failures = []
    for fault, experiment in begun.items():
        try:
            check_fault(fault, ISOLATED[fault], daemon.results(experiment), home)
        except AssertionError as failure:
            failures.append(str(failure))
        status, _ = daemon.ask("GET", "/health")
        assert status == 200, f"after {fault} the daemon answered {status}"
    assert not failures, "\n".join(failures)
    found = daemon.results(healthy)
    assert (found["passed"], found["failed"], found["errors"]) == (3, 3, 0), f"the healthy scenarios ended otherwise: {found}"


def version_of_check(results):
    scenario = results["scenarios"][0]
    assert scenario["status"] == "pass", scenario
    return scenario["invariants"][0]["plugin"]["version"]


def generations(daemon, folder, data):
    """A new version is taken while a scenario runs on the old one, and a changed file is not taken at all."""
    quick = SLOW.replace('args: ["4"]', 'args: ["0"]')
    slow = daemon.begin(SLOW, "slow")
    daemon.wait(lambda: daemon.must("GET", "/v1/sandboxes"), "the slow scenario did not begin")
    daemon.command("plugin", "install", build("print", folder, "2.0.0"))
    generation = daemon.must("POST", "/v1/plugins/reload")["generation"]
    new = daemon.results(daemon.begin(quick.replace("id: slow", "id: quick"), "quick"))
    old = daemon.results(slow)
    assert version_of_check(new) == "2.0.0", new
    assert version_of_check(old) == "1.2.3", f"the running scenario was judged by another version: {old}"

    records = json.load(open(os.path.join(data, "plugins", "plugins.json")))["plugins"]
    digest = next(record["sha256"] for record in records if record["name"] == "faulty-twice")
    copy = os.path.join(data, "plugins", f"{digest}.so")
    os.chmod(copy, 0o600)
    with open(copy, "ab") as file:
        file.write(b"x")
    status, answer = daemon.ask("POST", "/v1/plugins/reload")
    assert status == 409 and "was changed after it was installed" in answer["message"], (status, answer)
    assert "keystone plugin install" in answer["message"], answer
    daemon.hang_up()
    assert daemon.must("GET", "/v1/plugins")["generation"] == generation
    again = daemon.results(daemon.begin(quick.replace("id: slow", "id: again"), "again"))
    assert version_of_check(again) == "2.0.0", again


def notifiers(daemon):
    """A broken notifier is tried again with growing pauses; verdicts and other notifiers know nothing of it."""
    alerts = [
        daemon.must("POST", "/v1/alerts", {"name": kind, "condition": "pass_rate >= 0.5", "eval_id": "alerted", "notify": kind})["id"]
        for kind in ("faulty_crash", "faulty_exit", "faulty_print")]
    results = daemon.results(daemon.begin(ALERTED, "alerted"))
    assert (results["passed"], results["errors"]) == (1, 0), results

    def states():
        found = [daemon.must("GET", f"/v1/alerts/{alert}/deliveries") for alert in alerts]
        is_tried = all(told and told[0]["attempts"] > 1 for told in found[:2])
        return found if is_tried and found[2] and found[2][0]["status"] == "delivered" else None

    crash, ended, fine = (told[0] for told in daemon.wait(states, "the deliveries were not tried again", 60))
    for delivery, word in ((crash, "SIGSEGV"), (ended, "exit status 0")):
        assert delivery["status"] == "waiting" and word in delivery["error"], delivery
    assert "faulty-crash 1.2.3" in crash["error"], crash
    assert fine["attempts"] == 1, fine


def begin_alerted(daemon, folder):
    """Starts a run of the command whose notifier crashes each time, which takes the pauses between its attempts."""
    file = os.path.join(folder, "alerted.yaml")
    with open(file, "w") as spec:
        spec.write(ALERTED + "alerts:\n  - { name: crashes, condition: pass_rate >= 0.5, notify: faulty_crash }\n")
    return subprocess.Popen([daemon.keystone, "eval", "run", file, "--format", "json", "--runtime", "local"],
                            env=daemon.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def check_alerted(process):
    results = json.loads(process.communicate(timeout=120)[0])
    alert = results["alerts"][0]
    assert process.returncode == 0 and results["passed"] == 1, results
    assert not alert["delivered"] and alert["attempts"] == 4 and "faulty-crash 1.2.3" in alert["error"], alert
    assert alert["plugin"]["name"] == "faulty-crash", alert


def main():
    binaries = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="keystone-faults-")
    data = os.path.join(folder, "data")
    daemon = Daemon(binaries, data)
    try:
        before = daemon.must("GET", "/v1/plugins")
        for fault in ISOLATED:
            daemon.command("plugin", "install", build(fault, folder, flags=["-DNOTIFIER"]))
        # Installed, but not taken yet: what runs is what was there at the start.
        assert len(daemon.must("GET", "/v1/plugins")["types"]) == len(before["types"])
        taken = daemon.must("POST", "/v1/plugins/reload")
        assert taken["generation"] == 2 and len(taken["added"]) == len(ISOLATED), taken
        more = f", store: {data}/keystone.sqlite, pid: {daemon.process.pid}, port: {daemon.port}"
        alerted = begin_alerted(daemon, folder)
        run_matrix(daemon, list(ISOLATED), "isolated", more)
        closed = daemon.results(daemon.begin(CLOSED, "a rule that crashes"))["scenarios"][0]
        rule = next(item for item in closed["forbidden_checks"] if item["rule"] == "faulty_crash")
        assert closed["status"] == "error" and rule["violated"] and closed["composite_score"] == 0, closed
        notifiers(daemon)
        check_alerted(alerted)

        # The same files in the daemon's own process, where that survives it.
        records = os.path.join(data, "plugins", "plugins.json")
        with open(records) as file:
            kept = json.load(file)
        for record in kept["plugins"]:
            if record["name"].removeprefix("faulty-") in IN_PROCESS:
                record["home"] = "in-process"
        with open(records, "w") as file:
            json.dump(kept, file)
        daemon.hang_up()
        assert daemon.must("GET", "/v1/plugins")["generation"] == 3
        run_matrix(daemon, IN_PROCESS, "in-process", more)
        generations(daemon, folder, data)
        print(f"faults: {len(ISOLATED)} isolated and {len(IN_PROCESS)} in-process cost their own scenarios alone")
    except AssertionError as failure:
        print(f"faults FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    finally:
        daemon.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
