"""A model's API or an agent that is a web service, on loopback: answers as a script says and writes down what it is asked.

The first argument is a file, to which each request is appended as a line of JSON. The second is a JSON list of answers,
taken one after another, the last one for ever: `text` is a model's answer in the wire format that the path asks for,
`body` is sent as it is, `status` is 200 where it is absent, and `hang` sends nothing at all. The port is the only line on
stdout; the server ends with its stdin.
"""

import http.server
import json
import sys
import threading

JOURNAL, ANSWERS = sys.argv[1], json.loads(sys.argv[2])
LOCK = threading.Lock()
CLOSED = threading.Event()


def next_answer(request):
    with LOCK:
        with open(JOURNAL, "a") as journal:
            print(json.dumps(request), file=journal)
        return ANSWERS.pop(0) if len(ANSWERS) > 1 else ANSWERS[0]


def model_answer(path, model, text):
    """The text of a model as OpenAI's and Anthropic's servers send it."""
    if path.endswith("/messages"):
        usage = {"input_tokens": 1000, "output_tokens": 500}
        return {"model": model, "content": [{"type": "text", "text": text}], "usage": usage}
    usage = {"prompt_tokens": 1000, "completion_tokens": 500}
    return {"model": model, "choices": [{"message": {"role": "assistant", "content": text}}], "usage": usage}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = next_answer({"method": self.command, "path": self.path, "headers": headers, "body": body})
        if answer.get("hang"):
            CLOSED.wait()
        text = answer.get("body", "")
        if "text" in answer:
            text = json.dumps(model_answer(self.path, json.loads(body)["model"], answer["text"]))
        data = text.encode()
        self.send_response(answer.get("status", 200))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_PUT = do_PATCH = do_POST

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
