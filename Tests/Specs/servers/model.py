"""A judge for `llm_as_judge` and an agent of type `http`: the requested model says how the judge answers."""
import http.server
import json
import sys
import threading

ASKED = {}


def answer(model, prompt):
    """The status and the text of the judge's answer."""
    ASKED[model] = ASKED.get(model, 0) + 1
    kind, _, value = model.partition("-")
    if kind == "score":
        return 200, json.dumps({"score": float(value), "reason": "as asked"})
    if kind == "refuses":
        return 200, json.dumps({"score": float(value), "passed": False, "reason": "no"})
    if kind == "finds":
        found = value in prompt
        return 200, json.dumps({"score": int(found), "passed": found, "reason": prompt[:2000]})
    if model.startswith("second-time-"):
        return 200, model.rpartition("-")[2] if ASKED[model] % 2 == 0 else "let me think"
    if kind == "status":
        return int(value), "overloaded"
    return 200, {"empty": "", "unreadable": "I would rather not say."}.get(model, "")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/agent":
            text = json.dumps({"output": "done: " + body["prompt"], "authorization": self.headers["Authorization"]})
            return self.reply(200, text)
        if self.path == "/agent-500":
            return self.reply(500, "the agent is ill")
        model = body["model"]
        if self.path.endswith("/messages"):
            status, text = answer(model, body["messages"][0]["content"])
            document = {"content": [{"type": "text", "text": text}], "usage": {"input_tokens": 10, "output_tokens": 5}}
        else:
            status, text = answer(model, body["messages"][1]["content"])
            document = {
                "choices": [{"message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5},
            }
        self.reply(status, "no JSON" if model == "no-json" else json.dumps(document))

    def reply(self, status, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
