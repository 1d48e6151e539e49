#!/usr/bin/env python3
"""Lets `keystone plugin validate` look at plugins that do wrong, and at files that are no plugins: it finds each, and outlives it.

    Tests/Authors/strict.py BIN
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

from faults import build

# For each fault what the report must say.
FOUND = {
    "crash": "SIGSEGV", "exit": "exit status 0", "json": "is no JSON", "twice": "too often or too late", "leak": "its memory grew",
}


def validate(keystone, file, limit=240):
    done = subprocess.run([keystone, "plugin", "validate", file, "--format", "json"], capture_output=True, text=True, timeout=limit)
    assert done.returncode in (0, 1), f"validate of {file} ended with {done.returncode}: {done.stderr[-2000:]}"
    report = json.loads(done.stdout)
    assert report["passed"] == (done.returncode == 0), report
    reasons = [f"{case['name']}: {case['reason']}" for part in report["parts"] for case in part["cases"] if case["outcome"] == "failed"]
    return report, "\n".join(reasons)


def main():
    keystone = os.path.join(os.path.abspath(sys.argv[1]), "keystone")
    folder = tempfile.mkdtemp(prefix="keystone-strict-")
    try:
        for fault, words in FOUND.items():
            report, reasons = validate(keystone, build(fault, folder))
            assert not report["passed"] and words in reasons, f"of `{fault}` validate says: {reasons}"
        report, reasons = validate(keystone, build("fine", folder))
        assert report["passed"], f"of a plugin without fault validate says: {reasons}"

        # Files that were damaged at a place the reader of the file trusts: a verdict each time, and no crash.
        with open(build("fine", folder), "rb") as file:
            whole = file.read()
        chance = random.Random(20260101)
        for number in range(40):
            damaged = bytearray(whole[: chance.randrange(1, len(whole))] if number % 4 == 0 else whole)
            for _ in range(chance.randrange(1, 6)):
                # The head and the table of sections at the end are what is read first.
                place = chance.choice([chance.randrange(min(64, len(damaged))), chance.randrange(max(0, len(damaged) - 2048), len(damaged))])
                damaged[place] = chance.choice([0, 1, 127, 128, 255])
            path = os.path.join(folder, "damaged.so")
            with open(path, "wb") as file:
                file.write(damaged)
            validate(keystone, path)
        print(f"strict: validate finds {len(FOUND)} faults and outlives 40 damaged files")
    except (AssertionError, subprocess.TimeoutExpired) as failure:
        print(f"strict FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
