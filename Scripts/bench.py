#!/usr/bin/env python3
"""Measures Keystone and prints one JSON document: figures beside the issue's aims and beside bare baselines.

    Scripts/bench.py .build/release [--quick] [--only PART,PART…]

Parts: start, boundary, scenarios, sandboxes, authors, daemon, ingest, containers.

Everything is built and run below a temporary folder, which is removed at the end. Progress goes to stderr.
"""
import argparse
import contextlib
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from bench_containers import Containers
from bench_daemon import DaemonBench
from bench_gateway import GatewayBench
from bench_ingest import IngestBench
from bench_process import CpuGroup, PeakMemory, say

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(ROOT, "Tests/Benchmarks")

# What each scenario runs; the bare programs run the same lines.
AGENT = 'read x <input.txt; echo "answer: $x" >answer.txt'
CHECK = "test -s answer.txt"

MINIMAL_SPEC = """\
version: 1
id: minimal
description: The smallest spec there is.
base: "debian:12"
task:
  prompt: Do nothing.
invariants:
  true_is_true:
    check: {type: command_exit, command: "true"}
"""

SCENARIO_SPEC = f"""\
version: 1
id: scenarios
description: One file, one shell command, three checks.
base: "debian:12"
task:
  prompt: Copy the number.
setup:
  files:
    - {{path: input.txt, content: "42\\n"}}
agent:
  type: cli
  binary: /bin/sh
  args: ["-c", {json.dumps(AGENT)}]
invariants:
  there:
    check: {{type: file_exists, path: answer.txt}}
  content:
    check: {{type: file_content, path: answer.txt, pattern: '^answer: [0-9]+$'}}
  exit:
    check: {{type: command_exit, command: {json.dumps(CHECK)}}}
"""

# The same with everything audited.
AUDITED = """\
audit:
  process_spawns: true
  stdout_capture: true
  file_system: {watch: ["."], track: [writes, reads, deletes]}
forbidden:
  file_writes_outside: ["."]
"""

BUILD_SPEC = """\
version: 1
id: build
description: Ten thousand programs and fifty thousand files.
base: "debian:12"
task:
  prompt: Build.
resources: {timeout: 10m}
fixtures:
  - {type: directory, source: build_program, target: .}
agent:
  type: cli
  binary: ./build_program
  args: ["PROCESSES", "FILES"]
  timeout: 5m
invariants:
  there:
    check: {type: file_exists, path: out/0/0.o}
"""

# The root that the local runtime builds, for bubblewrap alone.
BUBBLEWRAP = (
    "bwrap --unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-net --unshare-cgroup-try --as-pid-1 "
    "--hostname keystone --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib "
    "--symlink usr/lib64 /lib64 --proc /proc --dev /dev --ro-bind /etc /etc --tmpfs /tmp --tmpfs /var/tmp "
    "--tmpfs /dev/shm --tmpfs /run --tmpfs /run/keystone --ro-bind PROGRAM /run/keystone/init "
    "--bind FOLDER/workspace /workspace --remount-ro /run/keystone --remount-ro /dev --remount-ro / "
    "--chdir /workspace /run/keystone/init first"
).split()


def figure(value, aim=None, baseline=None, unit=None, **more):
    """One figure beside what it is compared with; `ratio` is value to baseline."""
    found = {"value": value}
    if unit:
        found["unit"] = unit
    if aim is not None:
        found["aim"] = aim
        found["reached"] = value <= aim
    if baseline is not None:
        found["baseline"] = baseline
        found["ratio"] = round(value / baseline, 2) if baseline else None
    found.update(more)
    return found


class Bench:
    def __init__(self, folder, binaries, quick):
        self.folder = folder
        self.binaries = os.path.abspath(binaries)
        self.keystone = os.path.join(self.binaries, "keystone")
        self.scenario_count = 40 if quick else 200
        self.calls = 1000 if quick else 10_000
        self.repeats = 5 if quick else 20
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": folder,
            "LANG": "C.UTF-8",
            "KEYSTONE_DATA_DIR": os.path.join(folder, "data"),
        }
        if "LD_LIBRARY_PATH" in os.environ:
            self.environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        self.cgroup = CpuGroup.find()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def compile(self, name, source, *flags):
        command = ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", self.path(name)]
        subprocess.run([*command, os.path.join(SOURCES, source), *flags], check=True)
        return self.path(name)

    # ---- Starting things ----

    def measured(self, command, watches_memory=False):
        """Runs a command to its end: wall, processor time of it and its descendants, peak memory of it alone."""
        group = self.cgroup.child() if self.cgroup else contextlib.nullcontext()
        with group as inside, open(self.path("output"), "w+b") as output:
            start = time.monotonic()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=self.environment,
                cwd=self.folder, preexec_fn=inside.enter if inside else None)
            watcher = PeakMemory(process.pid) if watches_memory else None
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                output.seek(0)
                text = output.read(4000).decode(errors="replace")
                raise SystemExit(f"bench: {command[:3]} ended with {process.returncode}:\n{text}")
            found = {"wall_s": round(wall, 4), "cpu_s": round(usage.ru_utime + usage.ru_stime, 4),
                     "user_s": round(usage.ru_utime, 4), "system_s": round(usage.ru_stime, 4)}
            if inside:
                found["cpu_s_group"] = round(inside.seconds(), 4)
            if watcher:
                found["peak_mb"] = round(watcher.finish() / 1024, 1)
            return found

    def times_ms(self, command):
        """The median is what a user sees; the fastest and the processor time say less about other work here."""
        runs = [self.measured(command) for _ in range(self.repeats)]
        walls = [run["wall_s"] * 1000 for run in runs]
        cpu = statistics.median(run["cpu_s"] * 1000 for run in runs)
        return {"median": round(statistics.median(walls), 2), "fastest": round(min(walls), 2), "cpu": round(cpu, 2)}

    def eval(self, spec, *options):
        return [self.keystone, "eval", "run", spec, "--output", self.path("results"), "--format", "json",
                "--runtime", "local", *options]

    # ---- The figures ----

    def start_to_verdict(self):
        say("start to verdict")
        spec = self.write("minimal.yaml", MINIMAL_SPEC)
        bare = self.compile("true_process", "Bare/true.c")
        self.measured(self.eval(spec))  # fills the cache of descriptors
        commands = {
            "a_process_that_does_nothing": [bare],
            "keystone_version": [self.keystone, "--version"],
            "plugin_list": [self.keystone, "plugin", "list"],
            "spec_check": [self.keystone, "spec", "check", spec],
            "eval_run_without_isolation": self.eval(spec, "-local-isolation", "none"),
            "eval_run": self.eval(spec),
            "sandbox_and_commands_alone_without_isolation": self.bare_command("plain", 1, 1),
            "sandbox_and_commands_alone": self.bare_command("bwrap", 1, 1),
        }
        times = {name: self.times_ms(command) for name, command in commands.items()}
        found = {"unit": "ms", "runs": self.repeats, **times}
        for suffix in ["", "_without_isolation"]:
            run, alone = times["eval_run" + suffix], times["sandbox_and_commands_alone" + suffix]
            found["start_to_verdict" + suffix] = figure(run["median"], baseline=alone["median"])
            found["of_which_keystone" + suffix] = {
                kind: round(run[kind] - alone[kind], 2) for kind in ["median", "fastest", "cpu"]}
        return found

    def boundary(self):
        say(f"{self.calls} calls through the boundary")
        plugins = self.path("plugins")
        os.mkdir(plugins)
        headers = "-I" + os.path.join(ROOT, "Sources/CKeystonePlugin/include")
        self.compile("plugins/echo.so", "Plugins/echo.c", "-shared", "-fPIC", "-fvisibility=hidden", headers)
        typed = "libkeystone-benchmark-typed.so"
        for name in [typed, "keystone-plugin-host"]:
            shutil.copy(os.path.join(self.binaries, name), plugins)
        self.list_builtins(plugins, ["echo.so", typed])
        program = os.path.join(self.binaries, "keystone-benchmark")
        bare = self.compile("round_trip", "Bare/round_trip.c", "-pthread")
        baseline = json.loads(subprocess.run([bare, str(self.calls)], check=True, capture_output=True).stdout)
        environment = self.environment | {
            "LD_LIBRARY_PATH": ":".join(filter(None, [self.environment.get("LD_LIBRARY_PATH"), self.binaries]))}
        run = subprocess.run([program, plugins, self.path("benchmark-data"), str(self.calls)],
                             stdout=subprocess.PIPE, env=environment)
        if run.returncode != 0:
            raise SystemExit("bench: keystone-benchmark failed")
        measured = json.loads(run.stdout)
        return self.boundary_figures(measured["boundary"], baseline), self.store_figures(measured), measured["json"]

    @staticmethod
    def list_builtins(folder, names):
        def digest(name):
            with open(os.path.join(folder, name), "rb") as file:
                return hashlib.sha256(file.read()).hexdigest()

        with open(os.path.join(folder, "builtins.json"), "w", encoding="utf-8") as file:
            json.dump({"plugins": [{"file": name, "sha256": digest(name)} for name in names]}, file)

    @staticmethod
    def boundary_figures(measured, baseline):
        aims = {("in_process", "bytes"): 5, ("isolated", "bytes"): 40,
                ("in_process", "typed"): 60, ("isolated", "typed"): 120}
        figures = {"unit": "us", "baselines": baseline}
        for home, bare in [("in_process", "function"), ("isolated", "socketpair")]:
            figures[home] = {}
            for kind in ["bytes", "typed", "typed_and_host_codes_too"]:
                found = measured[home][kind]
                figures[home][kind] = figure(
                    found["p50_us"], aims.get((home, kind)), baseline[bare]["p50_us"], p99=found["p99_us"],
                    mean=found["mean_us"], calls=found["calls"])
            figures["typed_request_bytes"] = measured[home]["typed_request_bytes"]
        return figures

    def store_figures(self, measured):
        """Beside as many appends of a kibibyte, each forced to the disk."""
        count = measured["store"]["scenarios"]
        start = time.monotonic()
        with open(self.path("appended"), "ab", buffering=0) as file:
            for _ in range(count):
                file.write(b"x" * 1024)
                os.fdatasync(file.fileno())
        bare = round((time.monotonic() - start) * 1000, 2)
        return {
            "unit": "ms", "scenarios": count, "appends_forced_to_disk": bare,
            "start_and_finish_one_after_another": figure(
                measured["store"]["finish_one_after_another"]["wall_ms"], baseline=bare),
            "start_and_finish_eight_at_a_time": figure(
                measured["store"]["finish_eight_at_a_time"]["wall_ms"], baseline=bare),
        }

    def bare_command(self, mode, count, width):
        if not os.path.exists(self.path("scenarios")):
            self.compile("scenarios", "Bare/scenarios.c")
            os.mkdir(self.path("bare"))
        program = self.path("scenarios")
        command = [program, mode, str(count), str(width), self.path("bare"), AGENT, CHECK]
        if mode != "bwrap":
            return command
        bubblewrap = [program if word == "PROGRAM" else word for word in BUBBLEWRAP]
        bubblewrap[0] = shutil.which("bwrap")
        return command + bubblewrap + [AGENT, CHECK, "/workspace"]

    def scenarios(self):
        spec = self.write("scenarios.yaml", SCENARIO_SPEC)
        figures = {"scenarios": self.scenario_count, "with_namespaces": {}, "without_isolation": {}}
        for width in [2, 8, 32]:
            say(f"{self.scenario_count} scenarios, {width} at a time")
            plain = self.best(self.bare_command("plain", self.scenario_count, width))
            spaces = self.best(self.bare_command("namespaces", self.scenario_count, width))
            bwrap = self.best(self.bare_command("bwrap", self.scenario_count, width))
            options = ["--replicas", str(self.scenario_count), "--concurrency", str(width)]
            isolated = self.best(self.eval(spec, *options), True)
            free = self.best(self.eval(spec, *options, "-local-isolation", "none"), True)
            key = f"concurrency_{width}"
            aims = width == 8
            figures["with_namespaces"][key] = self.scenario_figures(
                isolated, bwrap, {"namespaces": spaces, "bubblewrap": bwrap}, 3 if aims else None, aims)
            figures["without_isolation"][key] = self.scenario_figures(
                free, plain, {"plain": plain}, 0.6 if aims else None, aims)
        return figures

    def sandboxes(self):
        say("sandboxes and their audit")
        count = 20 if self.scenario_count < 200 else 100
        program = os.path.join(self.binaries, "keystone-benchmark")
        run = subprocess.run([program, "sandboxes", self.binaries, self.path("sandbox-data"), str(count)],
                             stdout=subprocess.PIPE, env=self.environment)
        if run.returncode != 0:
            raise SystemExit("bench: keystone-benchmark sandboxes failed")
        found = json.loads(run.stdout)
        bare = self.times_ms(["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount", "--net", "--ipc",
                              "--uts", "/bin/true"])
        made = found["create_to_ready"]
        state = found["state"]
        return {
            "create_to_ready_p50": figure(round(made["p50_us"] / 1000, 2), 15, bare["median"], "ms"),
            "create_to_ready_p99": figure(round(made["p99_us"] / 1000, 2), 50, unit="ms"),
            "audit_records_per_second": found["audit_log"] | {"aim": 150_000},
            "state_of_10000_files": figure(state["first_ms"], 500, unit="ms"),
            "diff_after_ten_changes": figure(state["after_ten_changes_ms"], 70, unit="ms"),
            "scenarios_audited": self.audited_scenarios(),
            "build_audited": self.audited_build(),
            "gateway": GatewayBench(self, ROOT).figures(),
        }

    def audited_scenarios(self):
        plain = self.write("plain.yaml", SCENARIO_SPEC)
        audited = self.write("audited.yaml", SCENARIO_SPEC + AUDITED)
        options = ["--replicas", str(self.scenario_count), "--concurrency", "8"]
        bare = self.best(self.eval(plain, *options))
        run = self.best(self.eval(audited, *options), True)
        return {"scenarios": self.scenario_count, "wall_s": figure(run["wall_s"], 3, bare["wall_s"]),
                "peak_mb": run["peak_mb"]}

    def audited_build(self):
        self.compile("build_program", "Bare/build.c", "-static")
        divisor = 10 if self.scenario_count < 200 else 1
        spec = BUILD_SPEC.replace("PROCESSES", str(10_000 // divisor)).replace("FILES", str(50_000 // divisor))

        def agent_ms(name, text):
            times = []
            for _ in range(3):
                # In memory: ext4 looks for a long time where files have just been deleted, as those of the run before.
                with tempfile.TemporaryDirectory(prefix="keystone-bench-", dir="/dev/shm") as memory:
                    self.environment["KEYSTONE_DATA_DIR"] = memory
                    self.measured(self.eval(self.write(name, text)))
                    self.environment["KEYSTONE_DATA_DIR"] = self.path("data")
                with open(self.path("results"), encoding="utf-8") as file:
                    times.append(json.load(file)["scenarios"][0]["agent_ms"])
            return min(times)

        bare = agent_ms("build.yaml", spec)
        run = agent_ms("build-audited.yaml", spec + AUDITED.replace("track: [writes, reads, deletes]",
                                                                     "track: [writes, deletes]"))
        return {"processes": 10_000 // divisor, "files": 50_000 // divisor,
                "agent_ms": figure(run, round(bare * 1.1), bare), "cost_percent": round((run / bare - 1) * 100, 1)}

    def best(self, command, watches_memory=False):
        """The faster of two runs, since other work on the machine only ever adds."""
        return min((self.measured(command, watches_memory) for _ in range(2)), key=lambda found: found["wall_s"])

    def authors(self):
        """Seconds of each step of a plugin author, for every template; the baseline is a C compiler alone on the C template."""
        say("the way of a plugin author, for every template")
        journey = os.path.join(ROOT, "Tests/Authors/journey.py")
        answer = subprocess.run([journey, self.binaries, "--json"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        source = os.path.join(ROOT, "PluginTemplates/c-invariant/Sources/plugin.c")
        include = os.path.join(ROOT, "Sources/CKeystonePlugin/include")
        start = time.monotonic()
        subprocess.run(["cc", "-O2", f"-I{include}", "-shared", "-fPIC", "-o", self.path("bare.so"), source], check=True)
        bare = round(time.monotonic() - start, 3)
        return {name: dict(found["seconds"], cases=found["cases"],
                           total=figure(found["seconds"]["total"], aim=60, baseline=bare, unit="s"))
                for name, found in json.loads(answer.stdout).items()}

    def scenario_figures(self, run, bare, baselines, aim, has_aims):
        def cpu(found):
            return round(found.get("cpu_s_group", found["cpu_s"]) * 1000 / self.scenario_count, 2)

        return {
            "wall_s": figure(run["wall_s"], aim, bare["wall_s"]),
            "cpu_ms_per_scenario": figure(cpu(run), 5 if has_aims else None, cpu(bare)),
            "peak_mb": figure(run["peak_mb"], 45 if has_aims else None),
            "user_s": run["user_s"], "system_s": run["system_s"], "baselines": baselines,
        }


def machine():
    model = ""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return {"processors": len(os.sched_getaffinity(0)), "model": model, "memory_mb": memory,
            "kernel": platform.release().split("-")[0], "architecture": platform.machine(),
            "is_root": os.geteuid() == 0, "load_before": round(os.getloadavg()[0], 2)}


NOTES = {
    "ingest": "Trace events through POST /v1/traces, each answer after its commit; single events over 64 connections, "
              "batches over 8, the load generator on the same processors. baseline: bare SQLite inserts of the same texts "
              "without indexes on the same disk, in transactions of the batch's size (64 for single events).",
    "cpu": "cpu_ms_per_scenario counts every process, by a cgroup where one can be made, else by wait4: the program and "
           "all descendants that were waited for. user_s and system_s are wait4's.",
    "peak_mb": "VmHWM of the keystone process alone, read every 20 ms.",
    "scenarios": "The faster of two runs. bare baselines: C programs that make the same folder and file, a first "
                 "process, two shells, and remove the folder; with clone and mount, or with bubblewrap.",
    "sandboxes": "create_to_ready: through the registry, attached and with limits, one after another; its baseline is "
                 "`unshare` with six namespaces and /bin/true. build_audited: one static program that starts others and "
                 "writes files of 1 KiB, in memory, the fastest of three; audited are programs, writes and deletes. gateway: a static C client with keep-alive over a redirected name, each request recorded.",
    "boundary": "Calls through the registry, one after another, each with a budget. bytes: 1 KiB each way to a plugin in "
                "C. typed: KeystoneKit decodes a request with parameters and encodes a score; the last kind adds what the "
                "host encodes and decodes.",
}


def containers(folder, arguments):
    """On an engine of the tests' own, which is stopped again where it was not running."""
    engine = os.path.join(ROOT, "Tests/Engine/engine.sh")
    started = subprocess.run([engine, "start"], stdout=subprocess.PIPE, text=True)
    if started.returncode != 0:
        return {"skipped": "there is no Docker Engine"}
    try:
        return Containers(folder, os.path.abspath(arguments.binaries), started.stdout.strip(), arguments.quick).measure()
    finally:
        subprocess.run([engine, "stop"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", help="the folder that `make build` filled")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, to see that it works")
    everything = "start,boundary,scenarios,sandboxes,authors,daemon,ingest,containers"
    parser.add_argument("--only", default=everything, help="parts to measure, with commas")
    arguments = parser.parse_args()
    parts = arguments.only.split(",")
    document = {"machine": machine(), "notes": NOTES}
    folder = tempfile.mkdtemp(prefix="keystone-bench-")
    os.chmod(folder, 0o755)  # sandboxes of root run as users of their own
    try:
        bench = Bench(folder, arguments.binaries, arguments.quick)
        if "start" in parts:
            document["start_to_verdict"] = bench.start_to_verdict()
        if "boundary" in parts:
            document["boundary"], document["store"], document["json"] = bench.boundary()
        if "scenarios" in parts:
            document["scenarios"] = bench.scenarios()
        if "sandboxes" in parts:
            document["sandboxes"] = bench.sandboxes()
        if "authors" in parts:
            document["authors"] = bench.authors()
        if "daemon" in parts:
            document["daemon"] = DaemonBench(bench, arguments.quick).figures(figure)
        if "containers" in parts:
            document["containers"] = containers(folder, arguments)
        if "ingest" in parts:
            document["ingest"] = IngestBench(bench, folder).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    document["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    json.dump(document, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
