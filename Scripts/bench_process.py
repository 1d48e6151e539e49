"""What a process and its descendants use, and a word about what is being measured."""
import contextlib
import os
import sys
import threading
import time


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class CpuGroup:
    """Counts the processor time of everything that is started in it, wherever its parent went."""

    def __init__(self, folder, is_unified):
        self.folder = folder
        self.is_unified = is_unified
        self.number = 0

    @staticmethod
    def find():
        for folder, is_unified in [("/sys/fs/cgroup/cpuacct", False), ("/sys/fs/cgroup", True)]:
            trial = os.path.join(folder, f"keystone-bench-{os.getpid()}")
            try:
                os.mkdir(trial)
            except OSError:
                continue
            counter = "cpu.stat" if is_unified else "cpuacct.usage"
            has_counter = os.path.exists(os.path.join(trial, counter))
            os.rmdir(trial)
            if has_counter:
                return CpuGroup(folder, is_unified)
        return None

    @contextlib.contextmanager
    def child(self):
        self.number += 1
        self.path = os.path.join(self.folder, f"keystone-bench-{os.getpid()}-{self.number}")
        os.mkdir(self.path)
        try:
            yield self
        finally:
            for _ in range(500):
                try:
                    os.rmdir(self.path)
                    break
                except OSError:
                    time.sleep(0.01)  # the last process is on its way out

    def enter(self):
        with open(os.path.join(self.path, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write("0")

    def seconds(self):
        if not self.is_unified:
            with open(os.path.join(self.path, "cpuacct.usage"), encoding="ascii") as file:
                return int(file.read()) / 1e9
        with open(os.path.join(self.path, "cpu.stat"), encoding="ascii") as file:
            return int(file.readline().split()[1]) / 1e6


class PeakMemory:
    """Reads the high-water mark of one process until it ends, in KiB."""

    def __init__(self, pid):
        self.status = f"/proc/{pid}/status"
        self.peak = 0
        self.thread = threading.Thread(target=self.watch)
        self.ended = threading.Event()
        self.thread.start()

    def watch(self):
        while True:
            self.read()
            if self.ended.wait(0.02):
                return

    def read(self):
        with contextlib.suppress(OSError), open(self.status, encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    self.peak = max(self.peak, int(line.split()[1]))

    def finish(self):
        self.ended.set()
        self.thread.join()
        return self.peak
