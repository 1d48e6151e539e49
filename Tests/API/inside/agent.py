"""An agent that uses the published client inside its sandbox, as its users do: nothing of it knows that it is tested."""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

from polarity_keystone import Keystone, traced


class Model(BaseHTTPRequestHandler):
    """A model behind HTTP, so that the wrapped client does what a real one does."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"model": "gpt-4o", "prompt_tokens": 1000, "completion_tokens": 200}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Completions:
    """What OpenAI's client calls `chat.completions`: one request of a model, answered with usage and a tool call."""

    def create(self, **request):
        body = json.dumps(request).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/v1/chat/completions", body) as reply:
            found = json.load(reply)
        call = SimpleNamespace(
            id="call_1", type="function", function=SimpleNamespace(name="search", arguments='{"query": "Ada"}'))
        message = SimpleNamespace(role="assistant", content="", tool_calls=[call])
        usage = SimpleNamespace(
            prompt_tokens=found["prompt_tokens"], completion_tokens=found["completion_tokens"],
            total_tokens=found["prompt_tokens"] + found["completion_tokens"])
        return SimpleNamespace(
            id="chatcmpl-1", model=found["model"], usage=usage,
            choices=[SimpleNamespace(index=0, finish_reason="tool_calls", message=message)])


@traced
def search(query):
    return f"found {query}"


@traced(name="store")
def store(text):
    client.sandboxes.write_file(sandbox.id, "found.txt", text)
    raise OSError("the disk said no")


def refused(path):
    """The status of a request to what is not this sandbox's own."""
    request = urllib.request.Request(client_url + path, headers={"Authorization": f"Bearer {token}"})
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


server = HTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
client, sandbox = Keystone.from_sandbox()
client_url, token = client._http.base_url, client._http.api_key
client.init_tracing()
openai = client.wrap(SimpleNamespace(chat=SimpleNamespace(completions=Completions())), sandbox_id=sandbox.id)
openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Who is Ada?"}])
answer = search("Ada")
try:
    store(answer)
except OSError:
    pass
listing = client.sandboxes.run_command(sandbox.id, "cat found.txt")
print(json.dumps({
    "sandbox": sandbox.id,
    "state": sandbox.state,
    "command": listing.stdout,
    "events": len(client.sandboxes.get_trace(sandbox.id)["events"]),
    "experiments": refused("/v1/experiments"),
    "other": refused("/v1/sandboxes/sb-of-somebody-else"),
}))
