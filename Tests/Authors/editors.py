#!/usr/bin/env python3
"""Checks what an editor's YAML server makes of the merged schema: a third party's parameters are known, shown and checked.

    Tests/Authors/editors.py BIN
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import yaml

SPEC = """
version: 1
id: editors
base: "debian:12"
task: { prompt: Nothing. }
invariants:
  small:
    check: { type: %s, path: notes.txt, max: %s }
"""

# Changes of the good spec that an editor must mark.
BAD = {
    "a parameter of the wrong type": ("path: notes.txt", "path: 7"),
    "a parameter out of its range": ("max: 100", "max: -1"),
    "a parameter that does not exist": ("max: 100", "mxa: 100"),
    "a required parameter that is missing": ("path: notes.txt, ", ""),
}


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **options).stdout


def parameters_of(schema, name):
    """The parts of the schema that are about the type: those that fix `type` to its name."""
    found = []

    def look(value):
        if isinstance(value, dict):
            fixed = value.get("properties", {}).get("type", {}) if isinstance(value.get("properties"), dict) else {}
            if isinstance(fixed, dict) and (fixed.get("const") == name or name in (fixed.get("enum") or [])):
                found.append(value)
            for part in value.values():
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)

    look(schema)
    return found


def main():
    keystone = os.path.join(os.path.abspath(sys.argv[1]), "keystone")
    folder = tempfile.mkdtemp(prefix="keystone-editors-")
    environment = dict(os.environ, KEYSTONE_DATA_DIR=os.path.join(folder, "data"))
    try:
        run(keystone, "plugin", "new", "small-file", "--kind", "invariant", "--lang", "c", cwd=folder, env=environment)
        run("make", "-s", "-C", os.path.join(folder, "small-file"), env=environment)
        run(keystone, "plugin", "install", os.path.join(folder, "small-file/small-file.so"), env=environment)
        schema = json.loads(run(keystone, "spec", "schema", env=environment))
        validator = jsonschema.Draft202012Validator(schema)
        jsonschema.Draft202012Validator.check_schema(schema)

        found = parameters_of(schema, "small_file")
        assert found, "the schema does not know the type `small_file`"
        text = json.dumps(found)
        for shown in ["Checks that a file is not larger", "The file, relative to the workspace.", '"default": 4096', '"examples"']:
            assert shown in text, f"the schema of `small_file` does not show `{shown}`: {text[:2000]}"

        for name in ["small_file", "small-file/small_file"]:
            good = SPEC % (name, 100)
            errors = [error.message for error in validator.iter_errors(yaml.safe_load(good))]
            assert not errors, f"a good spec with `{name}` is marked: {errors}"
            for what, (old, new) in BAD.items():
                bad = good.replace(old, new)
                assert bad != good
                assert list(validator.iter_errors(yaml.safe_load(bad))), f"{what} is not marked with `{name}`"
                # The host says the same, with its place.
                path = os.path.join(folder, "bad.yaml")
                with open(path, "w") as file:
                    file.write(bad)
                checked = subprocess.run([keystone, "spec", "check", path], env=environment, capture_output=True, text=True)
                assert checked.returncode == 2 and "bad.yaml:8" in checked.stderr, f"{what}: {checked}"
        for page, sign in [("markdown", "### `small_file`"), ("man", ".SS small_file")]:
            text = run(keystone, "plugin", "docs", "--format", page, env=environment)
            assert sign in text and "The largest size in bytes." in text and "default 4096" in text, f"the {page} page lacks it"
        print("editors: third-party parameters are completed and checked, and documented")
    except (AssertionError, subprocess.CalledProcessError) as failure:
        print(f"editors FAILED: {failure} {getattr(failure, 'stderr', '')}", file=sys.stderr)
        sys.exit(1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
