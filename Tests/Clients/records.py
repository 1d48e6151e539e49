"""The published Python SDK, unmodified, against the services that keep records: traces, datasets, prompts, scoring, alerts,
agents, judges, behaviors, workspaces, export; with real receivers for webhooks, Slack, e-mail and a judge's model."""

import http.server
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
import types

import daemon as harness
from daemon import wait
from polarity_keystone import Keystone, traced

SPEC = """
version: 1
id: {id}
base: ubuntu:24.04
task: {{prompt: "say hello"}}
agent: {{type: cli, binary: sh, args: ["-c", {script}]}}
invariants:
  hello: {{weight: 1.0, check: {{type: command_exit, command: "{check}"}}}}
{more}
"""


class Receiver:
    """An HTTP server that keeps what is posted and answers by `answer(path, body, count)`."""

    def __init__(self, answer):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.path, dict(self.headers), json.loads(body)))
                status, reply = answer(self.path, json.loads(body), len(outer.requests))
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Mail:
    """A real SMTP server that keeps what it is given."""

    def __init__(self):
        from aiosmtpd.controller import Controller
        self.messages = []
        outer = self

        class Handler:
            async def handle_DATA(self, server, session, envelope):
                outer.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content.decode()))
                return "250 taken"

        # The controller wants to know its port; one that is free now is hardly taken in the next moment.
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.controller = Controller(Handler(), hostname="127.0.0.1", port=self.port)
        self.controller.start()


def model(path, body, count):
    """A judge's model in the wire format of OpenAI: it passes what says `good`."""
    text = json.dumps(body)
    good = "good" in text
    reason = "[praise] it is good" if good else "[blame] it is not"
    answer = {"score": 1 if good else 0, "passed": good, "reason": reason}
    return 200, {"choices": [{"message": {"content": json.dumps(answer)}}],
                 "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}


MODEL = Receiver(model)
SLACK = Receiver(lambda path, body, count: (200, {"ok": body.get("channel") != "#nowhere", "error": "channel_not_found"}))
HOOK = Receiver(lambda path, body, count: (503 if path == "/x" and sum(r[0] == "/x" for r in HOOK.requests) == 1 else 204, {}))
MAIL = Mail()
FLAGS = [
    "-judge-url", MODEL.url, "-judge-provider", "openai", "-judge-model-fast", "gpt-4o", "-allow-outbound", HOOK.url,
    "-slack-api-url", f"{SLACK.url}/api", "-smtp-url", f"smtp://127.0.0.1:{MAIL.port}", "-email-from", "ks@example.com"]
ENVIRONMENT = {"SLACK_BOT_TOKEN": "xoxb-1", "KEYSTONE_JUDGE_API_KEY": "sk-judge"}


def client(daemon, **more):
    return Keystone(api_key=daemon.key, base_url=daemon.url, **more)


def experiment(ks, id, script='"echo hello"', check="true", more=""):
    ks.specs.create(SPEC.format(id=id, script=script, check=check, more=more))
    created = ks.experiments.create(name=id, spec_id=id)
    return created.id, ks.experiments.run_and_wait(created.id)


def fake_anthropic():
    """A client with the shape of Anthropic's, which answers with a text and one tool to use."""
    def create(**_):
        tool = types.SimpleNamespace(type="tool_use", name="search", input={"q": "x"})
        text = types.SimpleNamespace(type="text", text="found")
        usage = types.SimpleNamespace(input_tokens=1000, output_tokens=500, cache_read_input_tokens=0)
        return types.SimpleNamespace(model="claude-sonnet-4-6", usage=usage, content=[text, tool], stop_reason="end_turn")
    return types.SimpleNamespace(messages=types.SimpleNamespace(create=create))


fake_anthropic.__module__ = "anthropic"


def test_traces_by_wrap_and_traced(daemon):
    ks = client(daemon)
    llm = ks.wrap(fake_anthropic(), auto_instrument=False)
    with traced(name="workflow") as root:
        with traced(name="step") as inner:
            llm.messages.create(model="claude-sonnet-4-6", messages=[{"role": "user", "content": "find x"}])
            inner.set_output("done")
    root_id = root.span_id
    spans = wait(lambda: (lambda s: s if len(s) == 4 and all(x.get("phase") != "start" for x in s) else None)(
        list(ks.export.spans(trace_id=root_id))), what="the four spans of the workflow")
    assert {s["tool"] for s in spans} == {"workflow", "step", "search"} | {s["tool"] for s in spans if ".create" in s["tool"]}
    call = next(s for s in spans if s["event_type"] == "llm_call")
    assert call["cost"]["estimated_usd"] == 0.0105, call["cost"]
    assert call["metadata"]["gen_ai.usage.input_tokens"] == 1000
    trace = ks.export.trace(root_id)
    assert len(trace["spans"]) == 4
    assert [t["tool"] for t in trace["tree"]] == ["workflow"], trace["tree"]
    assert trace["tree"][0]["children"][0]["children"][0]["children"][0]["tool"] == "search"
    rows = list(ks.export.traces(limit=2, tool="step", since="24h"))
    assert [r["phase"] for r in rows] in (["start", "end"], ["end", "start"]) and isinstance(rows[0]["id"], int)
    made = ks.datasets.from_traces(name="from-traces", filter={"event_type": "llm_call"})
    assert made["rows_added"] == 1, made
    record = ks.datasets.get_records(made["dataset_id"])[0]
    assert "find x" in record["input"]["value"] and "found" in record["expected"]["value"]


def test_traces_inside_a_sandbox(daemon):
    ks = client(daemon)
    ks.specs.create(SPEC.format(id="boxed", script='"true"', check="true", more=""))
    box = ks.sandboxes.create(spec_id="boxed")
    ks.init_tracing(sandbox_id=box.id)
    with traced(name="inside"):
        pass
    # The client posts both ends of a span in the background, in any order.
    trace = wait(lambda: (lambda t: t if len(t["events"]) == 2 else None)(
        daemon.call("GET", f"/v1/sandboxes/{box.id}/trace")[1]), what="the trace of the sandbox")
    assert {e["phase"] for e in trace["events"]} == {"start", "end"} and trace["metrics"]["tool_success_rate"] == 1
    status, _ = daemon.call("POST", "/v1/sandboxes/sb-000000000000/trace", {"events": []})
    assert status == 404
    ks.sandboxes.destroy(box.id)


def test_open_telemetry(daemon):
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    for compression in (Compression.NoCompression, Compression.Gzip):
        exporter = OTLPSpanExporter(
            endpoint=f"{daemon.url}/otel/v1/traces", headers={"Authorization": f"Bearer {daemon.key}"},
            compression=compression)
        provider = TracerProvider(resource=Resource({"service.name": "otel-bot"}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracer = provider.get_tracer("test")
        with tracer.start_as_current_span("root") as root:
            with tracer.start_as_current_span("chat") as span:
                span.set_attribute("gen_ai.system", "openai")
                span.set_attribute("gen_ai.request.model", "gpt-4o")
                span.set_attribute("gen_ai.usage.input_tokens", 1000)
                span.set_attribute("gen_ai.usage.output_tokens", 500)
        provider.shutdown()
        root_id = format(root.get_span_context().span_id, "016x")
        trace = client(daemon).export.trace(root_id)
        call = next(s for s in trace["spans"] if s["event_type"] == "llm_call")
        assert call["cost"]["estimated_usd"] == 0.0075 and call["agent"] == "otel-bot", call
        assert call["metadata"]["gen_ai.usage.input_tokens"] == 1000
        assert [t["span_id"] for t in trace["tree"]] == [root_id]


def test_datasets_drive_experiments(daemon):
    ks = client(daemon)
    data = ks.datasets.create("greetings", "who is greeted")
    assert ks.datasets.add_records(data.id, [
        {"input": {"who": "alice"}, "expected": {"say": "hello alice"}, "tags": ["a"]},
        {"input": {"who": "ben"}, "expected": {"say": "hello ben"}, "tags": ["b"]}])["added"] == 2
    _, results = experiment(
        ks, "greet", script='"echo hello {{ dataset.who }} | tee out.txt"',
        check='grep -q \\"^{{ dataset.say }}$\\" out.txt && test {{ dataset.input.who }} = $KEYSTONE_PARAM_WHO',
        more="datasets: [{id: greetings, version: 2}]\nparallelism: {replicas: 2}")
    assert results.total_scenarios == 4 and results.passed == 4, vars(results)
    assert sorted(s.agent_output.strip() for s in results.scenarios) == ["hello alice"] * 2 + ["hello ben"] * 2
    ks.datasets.add_records(data.id, [{"input": {"who": "eve"}, "expected": {"say": "no"}}])
    created = ks.experiments.create(name="again", spec_id="greet")
    assert ks.experiments.run_and_wait(created.id).total_scenarios == 4
    assert [r["version"] for r in ks.datasets.get_records(data.id)] == [2, 2, 3]
    assert len(ks.datasets.get_records(data.id, version=2)) == 2
    assert [r["input"]["who"] for r in ks.datasets.get_records(data.id, tags=["b"])] == ["ben"]
    ks.datasets.delete(data.id)
    assert not any(d.id == data.id for d in ks.datasets.list())


def test_prompts(daemon):
    ks = client(daemon)
    ks.prompts.create(slug="greet", template="Hi {name}", variables={"name": "you"})
    second = ks.prompts.create(slug="greet", template="Hello {{name}}{#items} <{_it}>{/items}", tag="live")
    assert second.version == 2 and ks.prompts.get("greet").version == 2
    assert ks.prompts.get("greet", version=1).render() == "Hi you"
    assert ks.prompts.get("greet", tag="live").id == second.id
    variables = {"name": "Ada", "items": ["a", "b"]}
    assert ks.prompts.render(second.id, **variables) == second.render(**variables) == "Hello Ada <a> <b>"
    assert ks.prompts.render(ks.prompts.get("greet", version=1).id) == "Hi you"
    ks.prompts.delete(second.id)
    assert [p.version for p in ks.prompts.list() if p.slug == "greet"] == [1]


def test_offline_scoring_and_export(daemon):
    ks = client(daemon)
    id, results = experiment(ks, "scored", script='"echo a good answer of 42"')
    rules = [
        ks.scoring.create_rule("has", "contains", {"text": "GOOD"}),
        ks.scoring.create_rule("number", "numeric_diff", {"expected": 42}),
        ks.scoring.create_rule("pattern", "regex", {"pattern": "^nothing$"}),
        ks.scoring.create_rule("judge", "llm_as_judge", {"criteria": "is it good?", "model": "paragon-fast"})]
    assert ks.scoring.score_experiment(id, [r["id"] for r in rules])["status"] == "queued"
    scores = wait(lambda: (lambda s: s if len(s) == 4 else None)(ks.scoring.get_scores(id)), what="four scores")
    found = {next(r["name"] for r in rules if r["id"] == s["rule_id"]): s["passed"] for s in scores}
    assert found == {"has": True, "number": True, "pattern": False, "judge": True}, scores
    assert all(isinstance(s["id"], int) and isinstance(s["trace_id"], int) for s in scores)
    ks.scoring.score_experiment(id, [rules[0]["id"]])
    assert len(list(ks.export.scores(experiment_id=id))) == 4
    assert len(list(ks.export.scores(rule_id=rules[0]["id"]))) == 1
    whole = ks.export.experiment(id)
    assert set(whole) >= {"experiment", "result", "scenarios", "traces", "scores"}
    assert len(whole["scenarios"]) == 1 and len(whole["scores"]) == 4 and whole["result"]["passed"] == 1
    lines = [json.loads(line) for line in ks.export.experiment(id, format="ndjson").splitlines()]
    assert lines[0]["kind"] == "header" and lines[0]["experiment_id"] == id
    assert [line["kind"] for line in lines[1:]] == ["result", "scenario"] + ["score"] * 4
    assert [s["status"] for s in ks.export.scenarios(experiment_id=id)] == ["pass"]
    assert list(ks.export.scenarios(experiment_id=id, status="fail")) == []
    said = list(ks.export.traces(experiment_id=id, event_type="stdout"))
    assert [row["output"].strip() for row in said if row["metadata"]["audit.phase"] == "agent"] == ["a good answer of 42"], said
    ks.scoring.delete_rule(rules[0]["id"])
    status, _ = daemon.call("POST", f"/v1/experiments/{id}/score", {"rule_ids": [rules[0]["id"]]})
    assert status == 404


def test_alerts_reach_real_receivers(daemon):
    ks = client(daemon)
    rules = {
        "webhook": ks.alerts.create("w", "pass_rate<0.8", eval_id="broken", webhook_url=f"{HOOK.url}/x"),
        "slack": ks.alerts.create("<s>", "pass_rate < 0.8", notify="slack", eval_id="broken", slack_channel="#agents"),
        "window": ks.alerts.create("quiet", "pass_rate < 0", eval_id="broken", webhook_url=HOOK.url, window="last_5_runs"),
        "other": ks.alerts.create("other", "pass_rate < 2", eval_id="elsewhere", webhook_url=HOOK.url)}
    # Half of the runs in the window fail, so the window's mean is what fires, not the latest run.
    for rule, window in (("runs", "last_2_runs"), ("hours", "last_1h")):
        rules[rule] = ks.alerts.create(
            rule, "pass_rate < 0.8", eval_id="wavering", webhook_url=f"{HOOK.url}/{rule}", window=window)
    status, incoming = daemon.call("POST", "/v1/alerts", {
        "name": "incoming", "condition": "pass_rate < 0.8", "notify": "slack", "eval_id": "broken",
        "slack_webhook_url": f"{HOOK.url}/services/T0/B0/x"})
    assert status == 201, incoming
    nowhere = ks.alerts.create("n", "pass_rate < 0.8", notify="slack", eval_id="broken", slack_channel="#nowhere")
    status, email = daemon.call("POST", "/v1/alerts", {
        "name": "Überfall\r\nBcc: x@example.com", "condition": "pass_rate < 0.8", "notify": "email",
        "eval_id": "broken", "email_to": ["a@example.com", "b@example.com"]})
    assert status == 201, email
    id, results = experiment(ks, "broken", check="false")
    assert results.failed == 1

    def told(rule):
        return daemon.call("GET", f"/v1/alerts/{rule}/deliveries")[1]

    for rule in (rules["webhook"].id, rules["slack"].id, email["id"]):
        wait(lambda: any(d["status"] == "delivered" for d in told(rule)), what=f"the delivery of {told(rule)}")
    wait(lambda: any(d["status"] == "delivered" for d in told(incoming["id"])), what="the incoming webhook")
    posted = [r for r in HOOK.requests if r[0] == "/services/T0/B0/x"][-1]
    assert posted[2]["blocks"][0]["type"] == "header" and "Authorization" not in posted[1], posted
    assert experiment(ks, "wavering", check="false")[1].failed == 1
    last, better = experiment(ks, "wavering")
    assert better.passed == 1
    for rule in ("runs", "hours"):
        fired = wait(lambda: [d for d in told(rules[rule].id) if d["experiment_id"] == last], what=f"the window of {rule}")
        assert "0.5" in fired[0]["reason"], fired
    first, second = [r for r in HOOK.requests if r[0] == "/x"]
    assert first[2] == second[2] and first[1]["Idempotency-Key"] == second[1]["Idempotency-Key"]
    assert {"rule_id", "rule_name", "reason", "experiment_id", "fired_at"} <= set(first[2]) and first[2]["rule_name"] == "w"
    assert first[2]["experiment_id"] == id and told(rules["webhook"].id)[0]["attempts"] == 2
    path, headers, body = next(r for r in SLACK.requests if r[2]["channel"] == "#agents")
    assert path == "/api/chat.postMessage" and headers["Authorization"] == "Bearer xoxb-1"
    assert body["blocks"][0]["type"] == "header" and "&lt;s&gt;" in body["text"], body
    failed = wait(lambda: [d for d in told(nowhere.id) if d["status"] == "failed"], what="the refusal of Slack")
    assert failed[0]["attempts"] == 1 and "#nowhere" in failed[0]["error"], failed
    sender, recipients, message = MAIL.messages[0]
    assert sender == "ks@example.com" and recipients == ["a@example.com", "b@example.com"]
    from email import message_from_string
    from email.header import decode_header, make_header
    parsed = message_from_string(message)
    assert str(make_header(decode_header(parsed["Subject"]))).startswith("Keystone alert: Überfall")
    assert parsed["Bcc"] is None and id in parsed.get_payload(decode=True).decode()
    assert told(rules["window"].id) == [] and told(rules["other"].id) == []
    for rule in list(ks.alerts.list()):
        ks.alerts.delete(rule.id)
    assert ks.alerts.list() == []


def test_alert_rules_are_checked(daemon):
    rule = {"name": "n", "condition": "pass_rate < 1", "notify": "webhook", "webhook_url": "http://x"}
    wrong = [{"condition": "pass_rte < 1"}, {"notify": "pigeon"}, {"webhook_url": None}, {"webhook_url": 7},
             {"colour": "red"}, {"window": "last_week"}, {"notify": "email", "webhook_url": None, "email_to": ["x y"]}]
    for change in wrong:
        status, answer = daemon.call("POST", "/v1/alerts", {**rule, **change})
        assert status == 400 and answer["error"], (change, status, answer)
    assert daemon.call("POST", "/v1/alerts", {**rule, "id": "mine"})[0] == 201
    assert daemon.call("POST", "/v1/alerts", {**rule, "id": "mine"})[0] == 409
    assert daemon.call("GET", "/v1/alerts/mine")[1]["webhook_url"] == "http://x"
    assert daemon.call("DELETE", "/v1/alerts/mine")[0] == 204


def test_agents(daemon):
    ks = client(daemon)
    folder = f"{daemon.folder}/bundle"
    os.makedirs(f"{folder}/lib", exist_ok=True)
    for name in ("agent.py", "lib/a.txt"):
        open(f"{folder}/{name}", "w").write(f"print('{name}')")
    one = ks.agents.upload("codex", folder, entrypoint=["python3", "agent.py"], tag="beta")
    two = ks.agents.upload("codex", f"{folder}/agent.py", entrypoint=["python3", "agent.py"], runtime="python3")
    assert (one.version, two.version) == (1, 2) and one.id.startswith("snap_") and one.digest.startswith("sha256:")
    assert ks.agents.get("codex").id == two.id and ks.agents.get("codex", version=1).id == one.id
    assert ks.agents.get("codex", tag="beta").id == one.id and ks.agents.get_by_id(two.id).runtime == "python3"
    assert [s.id for s in ks.agents.list_versions("codex")[0]] == [one.id, two.id]
    first, cursor = ks.agents.list(limit=1)
    rest, end = ks.agents.list(cursor=cursor)
    assert [s.id for s in first + rest] == [one.id, two.id] and end is None
    ks.specs.create(
        "version: 1\nid: uploaded\nbase: ubuntu:24.04\ntask: {prompt: hi}\n"
        "agent: {type: snapshot, snapshot: codex, tag: beta}\n"
        "invariants: {there: {check: {type: command_exit, command: 'grep -q lib/a.txt lib/a.txt'}}}\n")
    run = ks.experiments.run_and_wait(ks.experiments.create(name="u", spec_id="uploaded").id)
    assert run.passed == 1 and run.scenarios[0].agent_output.strip() == "agent.py", vars(run)
    whole = daemon.call("GET", f"/v1/experiments/{run.experiment_id}")[1]["scenarios"][0]
    assert whole["snapshot"]["id"] == one.id and whole["snapshot"]["version"] == 1, whole["snapshot"]
    rows = daemon.call("GET", f"/v1/traces?snapshot_id={one.id}&event_type=stdout")[1]["items"]
    assert rows and {row["sandbox_id"] for row in rows} == {whole["sandbox_id"]}, rows
    # A command on the same machine finds what was uploaded to its daemon.
    with open(f"{daemon.folder}/uploaded.yaml", "w") as file:
        file.write("version: 1\nid: local\nbase: ubuntu:24.04\ntask: {prompt: hi}\n"
                   "agent: {type: snapshot, snapshot: codex, tag: beta}\n"
                   "invariants: {there: {check: {type: file_exists, path: lib/a.txt}}}\n")
    local = subprocess.run(
        [os.environ["KEYSTONE_BIN"] + "/keystone", "eval", "run", "uploaded.yaml", "--runtime", "local", "--format", "json"],
        cwd=daemon.folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "KEYSTONE_DATA_DIR": f"{daemon.folder}/data"})
    assert local.returncode == 0, local.stdout + local.stderr
    assert json.loads(local.stdout)["scenarios"][0]["snapshot"]["id"] == one.id
    try:
        ks.agents.upload("hosts", folder, entrypoint=["x"], auth={"egress": {"api": ["not a host"]}})
        raise AssertionError("a host that is none was taken")
    except Exception as error:
        assert getattr(error, "status_code", 0) == 400, error
    evil = f"{daemon.folder}/evil.tar.gz"
    with tarfile.open(evil, "w:gz") as archive:
        member = tarfile.TarInfo("../../evil")
        archive.addfile(member)
    try:
        ks.agents.upload("evil", evil, entrypoint=["x"])
        raise AssertionError("a bundle that leads out was taken")
    except Exception as error:
        assert getattr(error, "status_code", 0) == 400, error
    one.delete()
    assert [s.id for s in ks.agents.list_versions("codex")[0]] == [two.id]
    assert not os.path.exists(f"{daemon.folder}/data/evil")
    left = [n for n in os.listdir(f"{daemon.folder}/data/snapshots")]
    assert left == [two.digest.removeprefix("sha256:")], left


def test_judges_and_behaviors(daemon):
    ks = client(daemon)
    judge = ks.judges.create("tone", "binary", prompt="Is {{output}} kind?")
    verdict = ks.judges.evaluate(judge["id"], {"output": "good work"})
    assert verdict["passed"] is True and verdict["cost_usd"] == 0.0075 and isinstance(verdict["latency_ms"], int), verdict
    assert ks.judges.evaluate(judge["id"], {"output": "bad"})["passed"] is False
    classes = ks.judges.create("class", "categorical", prompt="", categories=[{"name": "praise"}, {"name": "blame"}])
    assert ks.judges.evaluate(classes["id"], {"output": "good"})["category"] == "praise"
    scale = ks.judges.create("scale", "numeric", prompt="{{output}}", score_min=1.0, score_max=5.0)
    assert ks.judges.evaluate(scale["id"], {"output": "good"})["score"] == 5.0
    status, changed = daemon.call("PUT", f"/v1/judges/{judge['id']}", {"description": "new"})
    assert status == 200 and changed["description"] == "new" and changed["prompt"] == "Is {{output}} kind?"
    behavior = ks.behaviors.create_binary(judge["id"], "kindness")
    ks.init_tracing()
    with traced(name="chat") as span:
        span.set_output("a good answer")
    stats = wait(lambda: (lambda s: s if s["evaluated"] else None)(ks.behaviors.stats(behavior["id"])), what="a finding")
    assert stats["detected"] == 1 and stats["detection_rate"] == 1 and stats["samples"][0]["trace_id"] == span.span_id
    assert daemon.call("PUT", f"/v1/behaviors/{behavior['id']}", {"sampling_rate": 0})[1]["sampling_rate"] == 0
    ks.behaviors.delete(behavior["id"])
    for one in ks.judges.list():
        ks.judges.delete(one["id"])
    assert ks.judges.list() == [] and ks.behaviors.list() == []


def test_workspaces_separate(daemon):
    ks = client(daemon)
    space = ks.workspaces.create("team", description="ours")
    other = client(daemon, workspace="team")
    other.prompts.create(slug="secret", template="x")
    assert [p.slug for p in other.prompts.list()] == ["secret"]
    assert not any(p.slug == "secret" for p in ks.prompts.list())
    assert daemon.call("DELETE", f"/v1/workspaces/{space['id']}")[0] == 409
    ks.workspaces.favorite(space["id"])
    assert ks.workspaces.list()[0]["id"] == space["id"]
    other.prompts.delete(other.prompts.get("secret").id)
    ks.workspaces.delete(space["id"])
    assert daemon.call("GET", "/v1/prompts", headers={"X-Polarity-Workspace": "team"})[0] == 404
    default = next(w for w in ks.workspaces.list() if w["is_default"])
    assert daemon.call("PUT", f"/v1/workspaces/{default['id']}", {"name": "x"})[0] == 400


def test_what_is_left_for_later_says_so(daemon):
    for method, path in (("POST", "/v1/paragon/chat"), ("GET", "/v1/account"), ("GET", "/v1/usage/k"), ("GET", "/v1/agents/a/runs")):
        status, answer = daemon.call(method, path, {} if method == "POST" else None)
        assert status == 501 and "Keystone" in answer["error"], (path, status, answer)
    models = daemon.call("GET", "/v1/models")[1]["models"]
    assert any(m["id"] == "paragon-fast" and m["configured"] for m in models)


if __name__ == "__main__":
    harness.run(sys.modules[__name__])
