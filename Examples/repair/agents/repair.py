"""An agent that repairs a Python project: it changes one operator or number at a time until the tests pass.

It reads the task as JSON on stdin, as every agent of the type `python` does, and prints what it did.
"""

import ast
import json
import pathlib
import subprocess
import sys

COMPARISONS = [ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq]
ARITHMETIC = [ast.Add, ast.Sub, ast.Mult, ast.FloorDiv]


def tests_pass():
    run = [sys.executable, "-m", "unittest", "discover", "-s", "tests", "-t", "."]
    return subprocess.run(run, capture_output=True).returncode == 0


def variants(source):
    """Every source that differs in one comparison, one arithmetic operator or one small number."""
    for index, node in enumerate(ast.walk(ast.parse(source))):
        if isinstance(node, ast.Compare):
            choices = [("ops", [kind()]) for kind in COMPARISONS if not isinstance(node.ops[0], kind)]
        elif isinstance(node, ast.BinOp):
            choices = [("op", kind()) for kind in ARITHMETIC if not isinstance(node.op, kind)]
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            choices = [("value", node.value + step) for step in (-1, 1)]
        else:
            continue
        for member, value in choices:
            tree = ast.parse(source)
            setattr(list(ast.walk(tree))[index], member, value)
            yield node.lineno, ast.unparse(tree) + "\n"


def main():
    task = json.load(sys.stdin)
    folder = pathlib.Path(task["context"]["source"])
    print(f"task: {task['prompt'].strip()}")
    for path in sorted(folder.rglob("*.py")):
        original = path.read_text()
        tried = 0
        for line, candidate in variants(original):
            tried += 1
            path.write_text(candidate)
            if tests_pass():
                print(f"repaired {path} in line {line} after {tried} attempts")
                return 0
        path.write_text(original)
    print("no single change makes the tests pass")
    return 1


if __name__ == "__main__":
    sys.exit(main())
