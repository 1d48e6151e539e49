"""What a container runtime costs: a sandbox beside the bare engine calls for the same container, and a database through
the gateway beside a direct connection. Needs the engine of `Tests/Engine/engine.sh start`."""
import json
import os
import re
import statistics
import subprocess
import time

IMAGE = "keystone-test/debian:12"
PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"


class Containers:
    """Measures with the executable in `binaries`, below `folder`, on the engine at `address`."""

    def __init__(self, folder, binaries, address, quick):
        self.folder, self.binaries, self.quick = folder, binaries, quick
        self.environment = {**os.environ, "DOCKER_HOST": address, "KEYSTONE_DATA_DIR": f"{folder}/containers"}

    def engine(self, *arguments):
        return subprocess.run(["/usr/bin/docker", *arguments], env=self.environment, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.strip()

    def evaluate(self, spec, *flags):
        path = f"{self.folder}/containers.json"
        with open(path, "w") as file:
            json.dump(spec, file)
        run = subprocess.run(
            [f"{self.binaries}/keystone", "eval", "run", path, "--runtime", "docker", "--format", "json", *flags],
            env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return json.loads(run.stdout)

    def measure(self):
        return {"lifecycle": self.lifecycle(), "scenarios": self.scenarios(), "postgresql": self.postgresql()}

    def lifecycle(self):
        """One scenario whose agent does nothing, and create, start, exec and remove of a bare container."""
        count = 3 if self.quick else 10
        spec = self.spec("true")
        self.evaluate(spec)
        ours = [self.evaluate(spec)["scenarios"][0]["wall_ms"] for _ in range(count)]
        bare = []
        for _ in range(count):
            begin = time.monotonic()
            name = self.engine("create", "--network", "none", IMAGE, "sleep", "100")
            self.engine("start", name)
            self.engine("exec", name, "true")
            self.engine("rm", "-f", name)
            bare.append((time.monotonic() - begin) * 1000)
        value, baseline = statistics.median(ours), statistics.median(bare)
        return {"scenario_ms": round(value), "bare_create_start_exec_remove_ms": round(baseline),
                "ratio": round(value / baseline, 2)}

    def scenarios(self):
        """Twenty scenarios at concurrency 8, and as many bare containers with four execs each."""
        count = 8 if self.quick else 20
        spec = self.spec("true")
        spec["parallelism"] = {"replicas": count}
        begin = time.monotonic()
        self.evaluate(spec, "--concurrency", "8")
        ours = time.monotonic() - begin
        line = ("c=$(docker create --network none %s sleep 100) && docker start $c && for i in 1 2 3 4; do "
                "docker exec $c true; done; docker rm -f $c" % IMAGE)
        begin = time.monotonic()
        subprocess.run(["xargs", "-P", "8", "-I{}", "sh", "-c", line], input="\n".join(map(str, range(count))), text=True,
                       env=self.environment, stdout=subprocess.DEVNULL, check=True)
        bare = time.monotonic() - begin
        return {"count": count, "concurrency": 8, "seconds": round(ours, 2), "bare_seconds": round(bare, 2),
                "ratio": round(ours / bare, 2), "aim": "<= 1.0", "reached": ours <= bare}

    def postgresql(self):
        """pgbench in the agent's container through the gateway, and in a container on the database's own network."""
        seconds = 3 if self.quick else 10
        load = f"{PGBENCH} -h db -U postgres -d bench -c 8 -j 2 -T {seconds} -S -M prepared -n"
        prepare = f"{PGBENCH} -h db -U postgres -d bench -i -q -s 5"
        spec = self.spec(f"export PGPASSWORD=secret; {prepare} && {load}; {load.replace(' -S', '')}")
        spec["services"] = [{
            "name": "db", "image": "keystone-test/postgres:15", "ports": [5432], "wait_for": "pg_isready -U postgres",
            "env": {"POSTGRES_PASSWORD": "secret", "POSTGRES_DB": "bench"}}]
        spec["agent"]["timeout"] = "5m"
        relayed = self.rates(self.evaluate(spec)["scenarios"][0].get("agent_output", ""))
        self.engine("network", "create", "--internal", "keystone-bench")
        try:
            self.engine("run", "-d", "--name", "keystone-bench-db", "--network", "keystone-bench", "--network-alias", "db",
                        "-e", "POSTGRES_PASSWORD=secret", "-e", "POSTGRES_DB=bench", "keystone-test/postgres:15")
            wait = "until pg_isready -q -h db -U postgres -d bench; do sleep 0.2; done"
            text = self.engine("run", "--rm", "--network", "keystone-bench", "-e", "PGPASSWORD=secret", IMAGE, "sh", "-c",
                               f"{wait}; {prepare} && {load}; {load.replace(' -S', '')}")
        finally:
            subprocess.run(["/usr/bin/docker", "rm", "-f", "keystone-bench-db"], env=self.environment,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.engine("network", "rm", "keystone-bench")
        direct = self.rates(text)
        names = ["read_transactions_per_second", "write_transactions_per_second"]
        return {name: {"relayed": a, "direct": b, "ratio": round(a / b, 2), "aim": ">= 0.8",
                       "reached": a / b >= 0.8}
                for name, a, b in zip(names, relayed, direct)}

    @staticmethod
    def rates(text):
        return [float(rate) for rate in re.findall(r"tps = ([0-9.]+)", text)]

    @staticmethod
    def spec(line):
        return {
            "version": 1, "id": "containers", "base": IMAGE, "task": {"prompt": "x"},
            "agent": {"type": "cli", "binary": "sh", "args": ["-c", line]},
            "invariants": {"done": {"check": {"type": "command_exit", "command": "true"}}}}
