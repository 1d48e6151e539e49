"""Fuzzes every route from /openapi.json: no 5xx, no undocumented status, no answer that breaks its schema."""

import os
import re
import subprocess
import sys

from daemon import KEY, DaemonCase

EXAMPLES = "200" if os.environ.get("KEYSTONE_TEST_FULL") == "1" else "8"


class OpenAPITests(DaemonCase):
    flags = ["-max-sandboxes", "8"]

    def test_the_description_is_true(self):
        run = subprocess.run(
            [
                os.path.dirname(sys.executable) + "/schemathesis", "run", self.daemon.url + "/openapi.json",
                "--header", f"Authorization: Bearer {KEY}", "--max-examples", EXAMPLES, "--phases", "fuzzing",
                "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                "--exclude-path-regex", "/events$", "--exclude-tag", "later", "--generation-database", "none", "--no-color",
                "--suppress-health-check", "all", "--request-timeout", "20",
            ],
            capture_output=True, text=True, timeout=1200, cwd=self.daemon.folder)
        self.assertEqual(run.returncode, 0, run.stdout[-12000:] + run.stderr[-2000:])

    def test_what_is_left_for_later_is_described_and_says_so(self):
        paths = self.daemon.request("GET", "/openapi.json").json["paths"]
        count = 0
        for path, operations in paths.items():
            for method, operation in operations.items():
                if "later" not in operation.get("tags", []):
                    continue
                count += 1
                self.assertIn("501", operation["responses"], path)
                body = {} if method == "post" else None
                reply = self.daemon.request(method.upper(), re.sub("{[a-z_]+}", "x", path), body)
                self.assertEqual(reply.status, 501, (method, path, reply.body))
                self.assertTrue(reply.json["error"].endswith("."), reply.json)
        self.assertGreater(count, 10)
