"""The wire contract over plain HTTP: what clients of every generation rely on."""

import json
import re
import resource
import socket
import threading

from daemon import HELLO, KEY, Daemon, DaemonCase, variant, wait_until

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


class AccessTests(DaemonCase):
    def test_a_request_without_a_key_is_refused_except_health(self):
        for path in ("/health", "/healthz", "/metrics", "/openapi.json"):
            self.assertEqual(self.daemon.request("GET", path, key=None).status, 200)
        for key in (None, "ks_live_wrong", "ks_sb_0000"):
            reply = self.daemon.request("GET", "/v1/sandboxes", key=key)
            self.assertEqual(reply.status, 401)
            self.assertEqual(reply.json["error"], reply.json["message"])
            self.assertEqual(reply.json["code"], "unauthorized")

    def test_a_key_is_accepted_in_either_header(self):
        self.assertEqual(
            self.daemon.request("GET", "/v1/specs", key=None, headers={"X-API-Key": KEY}).status, 200)

    def test_keys_are_shown_once_and_rotation_works_at_once(self):
        key = self.daemon.command("key", "create", "--name", "ci").stdout.strip()
        self.assertEqual(self.daemon.request("GET", "/v1/specs", key=key).status, 200)
        listed = json.loads(self.daemon.command("key", "list", "--format", "json").stdout)
        self.assertNotIn(key, json.dumps(listed))
        newer = self.daemon.command("key", "rotate", listed[-1]["id"]).stdout.strip()
        self.assertEqual(self.daemon.request("GET", "/v1/specs", key=key).status, 401)
        self.assertEqual(self.daemon.request("GET", "/v1/specs", key=newer).status, 200)
        with open(self.daemon.folder + "/data/keystone.sqlite", "rb") as store:
            self.assertNotIn(newer.encode(), store.read())

    def test_owners_do_not_see_each_other(self):
        other = self.daemon.command("key", "create", "--owner", "other").stdout.strip()
        sandbox = self.sandbox()
        experiment = self.daemon.experiment("hello", run=False)
        for path in (
            "/v1/specs/hello", f"/v1/sandboxes/{sandbox}", f"/v1/sandboxes/{sandbox}/state",
            f"/v1/experiments/{experiment}", f"/v1/metrics/experiments/{experiment}",
        ):
            self.assertIn(self.daemon.request("GET", path, key=other).status, (403, 404), path)
        for path in ("/v1/specs", "/v1/sandboxes", "/v1/experiments"):
            self.assertEqual(self.daemon.request("GET", path, key=other).json, [])
        self.assertEqual(
            self.daemon.request("POST", f"/v1/sandboxes/{sandbox}/commands", {"command": "id"}, key=other).status, 404)
        self.assertEqual(self.daemon.request("DELETE", f"/v1/sandboxes/{sandbox}", key=other).status, 404)

    def test_an_unknown_workspace_is_refused(self):
        reply = self.daemon.request("GET", "/v1/specs", headers={"X-Polarity-Workspace": "nowhere"})
        self.assertEqual(reply.status, 404)
        self.assertEqual(
            self.daemon.request("GET", "/v1/specs", headers={"X-Polarity-Workspace": "default"}).status, 200)

    def test_a_sandbox_token_reaches_its_own_sandbox_only(self):
        first, second = self.sandbox(), self.sandbox()
        run = self.daemon.request("POST", f"/v1/sandboxes/{first}/commands", {"command": "echo $KEYSTONE_API_KEY"})
        token = run.json["stdout"].strip()
        self.assertRegex(token, r"^ks_sb_[0-9a-f]+$")
        self.assertEqual(self.daemon.request("GET", f"/v1/sandboxes/{first}", key=token).status, 200)
        self.assertEqual(self.daemon.request("GET", f"/v1/sandboxes/{second}", key=token).status, 403)
        for path in ("/v1/sandboxes", "/v1/specs", "/v1/experiments"):
            self.assertEqual(self.daemon.request("GET", path, key=token).status, 403)
        self.daemon.request("DELETE", f"/v1/sandboxes/{first}")
        self.assertEqual(self.daemon.request("GET", f"/v1/sandboxes/{first}", key=token).status, 401)


class SpecTests(DaemonCase):
    def test_uploading_again_makes_a_new_version(self):
        versions = [self.daemon.upload(variant("versioned"))["version"] for _ in range(3)]
        self.assertEqual(versions, [1, 2, 3])
        spec = self.daemon.request("GET", "/v1/specs/versioned").json
        self.assertEqual((spec["version"], spec["description"]), (3, "writes a file"))
        self.assertEqual(spec["content"], variant("versioned"))
        self.assertEqual(spec["task"], {"prompt": "write out.txt"})
        self.assertRegex(spec["created_at"], RFC3339)

    def test_both_content_types_of_clients_are_taken(self):
        for kind in ("application/x-yaml", "text/yaml"):
            reply = self.daemon.request("POST", "/v1/specs", HELLO, headers={"Content-Type": kind})
            self.assertEqual(reply.status, 201)

    def test_every_problem_is_told_at_once_with_its_place(self):
        reply = self.daemon.request("POST", "/v1/specs", "version: 1\nid: x\nbaze: 3\n")
        self.assertEqual(reply.status, 400)
        self.assertEqual(reply.json["code"], "invalid_request")
        found = {(item["path"], item["line"]) for item in reply.json["diagnostics"]}
        self.assertIn(("baze", 3), found)
        self.assertGreaterEqual(len(found), 2)

    def test_secrets_of_the_daemons_own_machine_are_out_of_reach(self):
        secrets = (
            "secrets:\n  - name: A_SECRET\n    source: file:/etc/hostname\n"
            "  - name: OTHER_SECRET\n    source: command:id\n")
        self.daemon.upload(variant("greedy", more=secrets))
        reply = self.daemon.request("POST", "/v1/sandboxes", {"spec_id": "greedy"})
        self.assertEqual(reply.status, 422)
        self.assertIn("resolving secrets: A_SECRET, OTHER_SECRET not set", reply.json["error"])

    def test_stored_and_forwarded_secrets_reach_the_sandbox_and_nothing_else(self):
        self.daemon.upload(
            variant("secretive", more="secrets:\n  - name: STORED\n    source: dashboard\n  - name: GIVEN\n    source: env\n"))
        stored = self.daemon.command("secret", "set", "STORED", stdin="swordfish-one")
        self.assertEqual(stored.returncode, 0, stored.stderr)
        sandbox = self.sandbox("secretive", secrets={"GIVEN": "swordfish-two"})
        run = self.daemon.request(
            "POST", f"/v1/sandboxes/{sandbox}/commands",
            {"command": 'printf "%s%s" "$STORED" "$GIVEN" | wc -c; echo $STORED $GIVEN'})
        self.assertEqual(run.json["stdout"].split("\n")[0].strip(), "26")
        experiment = self.daemon.experiment("secretive", secrets={"GIVEN": "swordfish-two"})
        self.assertEqual(self.daemon.results(experiment)["passed"], 1)
        for value in (b"swordfish-one", b"swordfish-two"):
            self.assertNotIn(value, run.body)
            for name in ("keystone.sqlite", "keystone.sqlite-wal"):
                with open(f"{self.daemon.folder}/data/{name}", "rb") as store:
                    self.assertNotIn(value, store.read())

    def test_an_unknown_spec_is_404(self):
        for path, body in (("/v1/sandboxes", {}), ("/v1/experiments", {"name": "n"})):
            reply = self.daemon.request("POST", path, {"spec_id": "nope", **body})
            self.assertEqual(reply.status, 404)

    def test_a_spec_can_be_removed(self):
        self.daemon.upload(variant("passing-by"))
        self.assertEqual(self.daemon.request("DELETE", "/v1/specs/passing-by").status, 204)
        self.assertEqual(self.daemon.request("DELETE", "/v1/specs/passing-by").status, 404)


class SandboxTests(DaemonCase):
    def test_the_sandbox_object_has_what_strict_clients_decode(self):
        reply = self.daemon.request(
            "POST", "/v1/sandboxes", {"spec_id": "hello", "timeout": "10m", "metadata": {"run": "7"}})
        self.assertEqual(reply.status, 201)
        sandbox = reply.json
        self.assertRegex(sandbox["id"], r"^sb-[0-9a-f]{12}$")
        self.assertEqual((sandbox["state"], sandbox["metadata"]), ("ready", {"run": "7"}))
        self.assertRegex(sandbox["created_at"], RFC3339)
        self.assertEqual(self.daemon.request("DELETE", f"/v1/sandboxes/{sandbox['id']}").status, 204)
        self.assertEqual(self.daemon.request("DELETE", f"/v1/sandboxes/{sandbox['id']}").status, 204)
        self.assertNotIn(sandbox["id"], [item["id"] for item in self.daemon.request("GET", "/v1/sandboxes").json])

    def test_commands_tell_how_they_ended(self):
        sandbox = self.sandbox(timeout=600)
        run = lambda **body: self.daemon.request("POST", f"/v1/sandboxes/{sandbox}/commands", body).json
        result = run(command="cat seed.txt; echo oops >&2; exit 3")
        self.assertEqual((result["stdout"], result["stderr"], result["exit_code"]), ("seed", "oops\n", 3))
        self.assertIs(type(result["duration_ms"]), int)
        self.assertEqual(self.daemon.request("GET", f"/v1/sandboxes/{sandbox}").json["state"], "running")
        slow = run(command="sleep 60", timeout="300ms")
        self.assertEqual((slow["exit_code"], slow["timed_out"]), (124, True))
        self.assertEqual(run(command="true", timeout=5)["exit_code"], 0)
        background = run(command="sleep 0.2; echo late > late.txt", background=True)
        self.assertEqual((background["exit_code"], background["background"]), (0, True))
        path = f"/v1/sandboxes/{sandbox}/files/late.txt"
        wait_until(lambda: self.daemon.request("GET", path).body == b"late\n", "the command in the background has run")

    def test_one_file_has_many_names_and_none_leads_out(self):
        sandbox = self.sandbox()
        files = f"/v1/sandboxes/{sandbox}/files"
        written = self.daemon.request("POST", files, {"path": "/workspace/a/ü b.txt", "content": "h\u00e9\n"})
        self.assertEqual((written.status, written.body), (204, b""))
        for name in ("a/%C3%BC%20b.txt", "/workspace/a/%C3%BC%20b.txt", "workspace/../a/x", "a/./%C3%BC%20b.txt"):
            reply = self.daemon.request("GET", f"{files}/{name}")
            if ".." in name:
                self.assertEqual(reply.status, 400)
            else:
                self.assertEqual((reply.status, reply.body.decode()), (200, "h\u00e9\n"), name)
        for name in ("../../etc/passwd", "%2e%2e/x", "a/%2E%2E/%2E%2E/x"):
            self.assertEqual(self.daemon.request("GET", f"{files}/{name}").status, 400, name)
        self.assertEqual(self.daemon.request("POST", files, {"path": "../x", "content": ""}).status, 400)
        self.daemon.request(
            "POST", f"/v1/sandboxes/{sandbox}/commands", {"command": "ln -s ../../../../../../etc/shadow link"})
        self.assertIn(self.daemon.request("GET", f"{files}/link").status, (400, 403, 404, 422))
        self.assertEqual(self.daemon.request("GET", f"{files}/nope").status, 404)
        self.assertEqual(self.daemon.request("DELETE", f"{files}/a/%C3%BC%20b.txt").status, 204)
        self.assertEqual(self.daemon.request("GET", f"{files}/a/%C3%BC%20b.txt").status, 404)

    def test_large_and_binary_files_come_as_they_are(self):
        sandbox = self.sandbox()
        self.daemon.request(
            "POST", f"/v1/sandboxes/{sandbox}/commands",
            {"command": "head -c 20000000 /dev/zero | tr '\\0' '\\377' > big; printf '\\000\\200\\n' > small"})
        self.assertEqual(
            self.daemon.request("GET", f"/v1/sandboxes/{sandbox}/files/small").body, b"\x00\x80\n")
        big = self.daemon.request("GET", f"/v1/sandboxes/{sandbox}/files/big").body
        self.assertEqual(big, b"\xff" * 20_000_000)

    def test_state_and_diff_show_what_changed(self):
        sandbox = self.sandbox()
        self.daemon.request(
            "POST", f"/v1/sandboxes/{sandbox}/commands",
            {"command": "echo new > new.txt; echo more >> seed.txt; mkdir -p node_modules; touch node_modules/x"})
        diff = self.daemon.request("GET", f"/v1/sandboxes/{sandbox}/diff").json
        self.assertEqual((diff["added"], diff["modified"], diff["removed"]), (["new.txt"], ["seed.txt"], []))
        state = self.daemon.request("GET", f"/v1/sandboxes/{sandbox}/state").json
        self.assertRegex(state["captured_at"], RFC3339)
        self.assertEqual(set(state["files"]), {"new.txt", "seed.txt"})
        entry = state["files"]["new.txt"]
        self.assertEqual((entry["size"], entry["mode"]), (4, "-rw-r--r--"))
        self.assertRegex(entry["checksum"], r"^[0-9a-f]{64}$")

    def test_a_late_listener_hears_everything_until_the_end(self):
        sandbox = self.sandbox()
        received = []

        def listen():
            path = f"/v1/sandboxes/{sandbox}/events?token={KEY}"
            received.append(self.daemon.request("GET", path, key=None).body.decode())

        thread = threading.Thread(target=listen)
        thread.start()
        self.daemon.request("POST", f"/v1/sandboxes/{sandbox}/commands", {"command": "true"})
        self.daemon.request("DELETE", f"/v1/sandboxes/{sandbox}")
        thread.join(30)
        self.assertFalse(thread.is_alive(), "the stream must end with the sandbox")
        events = [json.loads(line[6:]) for line in received[0].split("\n") if line.startswith("data: ")]
        kinds = [event["event_type"] for event in events]
        self.assertEqual(kinds[0], "creating")
        self.assertEqual(kinds[-1], "destroyed")
        self.assertLess(kinds.index("ready"), kinds.index("running"))
        self.assertIn("command", kinds)
        self.assertNotIn("event:", received[0])
        last = self.daemon.request(
            "GET", f"/v1/sandboxes/{sandbox}/events", headers={"Last-Event-ID": str(len(events))})
        self.assertEqual(last.status, 204)

    def test_a_sandbox_ends_with_its_time(self):
        sandbox = self.sandbox(timeout=1)
        wait_until(
            lambda: self.daemon.request("GET", f"/v1/sandboxes/{sandbox}").json["state"] == "stopped",
            "the sandbox is gone")
        detail = self.daemon.request("GET", f"/v1/sandboxes/{sandbox}").json["status_detail"]
        self.assertEqual(detail, {"reason": "EXPIRED", "message": "the sandbox's time of 1s is over"})

    def test_a_boot_that_fails_names_its_step_and_leaves_nothing(self):
        self.daemon.upload(variant("broken", ("agent:\n", "  commands: [\"exit 7\"]\nagent:\n")))
        reply = self.daemon.request("POST", "/v1/sandboxes", {"spec_id": "broken"})
        self.assertEqual(reply.status, 422)
        self.assertIn("applying setup: command 'exit 7' exited 7", reply.json["error"])


class LimitTests(DaemonCase):
    flags = ["-max-sandboxes", "2", "-max-sandboxes-per-owner", "2"]

    def test_over_capacity_is_503_with_a_time_to_wait(self):
        self.sandbox(), self.sandbox()
        reply = self.daemon.request("POST", "/v1/sandboxes", {"spec_id": "hello"})
        self.assertEqual(reply.status, 503)
        self.assertTrue(reply.json["error"].startswith("sandbox rejected: at capacity"))
        self.assertGreater(int(reply.headers["Retry-After"]), 0)

    def raw(self, text):
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=30) as connection:
            connection.sendall(text)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
                if b"\r\n\r\n" in received:
                    break
            return received

    def test_bad_requests_are_4xx(self):
        post = lambda body, path="/v1/sandboxes": self.daemon.request("POST", path, body).status
        self.assertEqual(post("{"), 400)
        self.assertEqual(post("[1]"), 400)
        self.assertEqual(post({"spec_id": 5}), 400)
        self.assertEqual(post({}), 400)
        self.assertEqual(post({"spec_id": "hello", "timeout": "soon"}), 400)
        self.assertEqual(post({"spec_id": "hello", "metadata": {"a": 1}}), 400)
        self.assertEqual(post(b"\xff\xfe", "/v1/specs"), 400)
        self.assertEqual(self.daemon.request("GET", "/v1/nothing").status, 404)
        self.assertEqual(self.daemon.request("GET", "/v1/sandboxes/%ff").status, 400)
        reply = self.daemon.request("PUT", "/v1/sandboxes", {})
        self.assertEqual((reply.status, reply.headers["Allow"]), (405, "GET, POST"))

    def test_a_body_that_is_too_large_is_refused_before_it_is_read(self):
        head = (
            f"POST /v1/experiments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Type: application/json\r\nContent-Length: 104857600\r\n\r\n{")
        self.assertIn(b" 413 ", self.raw(head.encode()))

    def test_a_flood_of_headers_is_refused(self):
        flood = "".join(f"X-Flood-{index}: {'y' * 1000}\r\n" for index in range(100))
        reply = self.raw(f"GET /health HTTP/1.1\r\nHost: x\r\n{flood}\r\n".encode())
        self.assertRegex(reply, rb"^HTTP/1.1 4\d\d ")
        self.assertEqual(self.daemon.request("GET", "/health", key=None).status, 200)


    def test_ten_thousand_idle_connections_do_no_harm(self):
        count = 10_000 if resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 25_000 else 400
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        idle = []
        try:
            for _ in range(count):
                idle.append(socket.create_connection(("127.0.0.1", self.daemon.port), timeout=30))
            self.assertEqual(self.daemon.request("GET", "/v1/specs").status, 200)
            with open(f"/proc/{self.daemon.process.pid}/status") as status:
                resident = int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))
            self.assertLess(resident, 600_000, f"{count} idle connections")
        finally:
            for connection in idle:
                connection.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class RateTests(DaemonCase):
    flags = ["-rate-limit", "5"]

    def test_too_many_requests_are_429_with_a_time_to_wait(self):
        replies = [self.daemon.request("GET", "/v1/specs") for _ in range(40)]
        refused = [reply for reply in replies if reply.status == 429]
        self.assertTrue(refused)
        self.assertEqual((refused[0].headers["Retry-After"], refused[0].json["code"]), ("1", "rate_limited"))
        self.assertEqual(self.daemon.request("GET", "/health", key=None).status, 200)


class StartTests(DaemonCase):
    def test_a_start_that_cannot_be_is_refused_with_what_to_do(self):
        busy = Daemon("-port", str(self.daemon.port))
        self.addCleanup(busy.remove)
        run = lambda daemon, *flags: daemon.command("-port", str(self.daemon.port), *flags)
        self.assertIn("is in use", run(busy).stderr)
        second = run(self.daemon)
        self.assertEqual(second.returncode, 3)
        self.assertIn("another daemon uses the data folder", second.stderr)
        del busy.environment["KEYSTONE_API_KEY"]
        self.assertIn("keystone key create", run(busy).stderr)
        busy.environment["KEYSTONE_AUTH_REQUIRED"] = "false"
        self.assertIn("-allow-unauthenticated", run(busy, "-host", "0.0.0.0").stderr)
        self.assertIn("no runtime `marble`", run(busy, "-runtime", "marble").stderr)
        self.assertIn("no flag -marbles", run(busy, "-marbles", "3").stderr)

    def test_a_command_line_finds_the_store_sound_and_backs_it_up(self):
        self.assertEqual(self.daemon.command("store", "check").returncode, 0)
        backup = self.daemon.folder + "/backup.sqlite"
        self.assertEqual(self.daemon.command("store", "backup", backup).returncode, 0)
        self.assertEqual(self.daemon.command("store", "vacuum").returncode, 0)
