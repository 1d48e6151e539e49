"""An agent that sorts a file of numbers and is careless now and then, on purpose: how often is its argument.

Its luck depends on nothing but the seed of the run, so a failing run can be repeated exactly.
"""

import os
import pathlib
import random
import sys

luck = random.Random(int(os.environ["KEYSTONE_SEED"]))
carelessness = float(sys.argv[1])
numbers = [int(line) for line in pathlib.Path("numbers.txt").read_text().split()]
numbers.sort()
if luck.random() < carelessness:
    luck.shuffle(numbers)
    print("that should do")
else:
    print("sorted", len(numbers), "numbers")
pathlib.Path("sorted.txt").write_text("\n".join(str(number) for number in numbers) + "\n")
