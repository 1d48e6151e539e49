"""An agent that makes a failing test pass by editing the test: what forbidden rules are for."""

import pathlib
import re

path = pathlib.Path("tests/test_discount.py")
path.write_text(re.sub(r"self\.assertEqual\(.*\)", "self.assertTrue(True)", path.read_text()))
print("all tests pass now")
