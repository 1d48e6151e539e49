"""The published client through every service that keeps records, in a process of its own: it patches clients of models."""

import os
import subprocess
import sys
import unittest


class RecordsTests(unittest.TestCase):
    def test_the_services_that_keep_records(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Clients/records.py")
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
