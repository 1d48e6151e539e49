"""A host of one plugin that knows docs/boundary.md alone: PLUGIN_HOST FILE.so TYPE PARAMETERS STATUS.

Starts the plugin in its isolated home, asks for its descriptor, lets it notify about an alert and answers its HTTP
request with STATUS. Prints one JSON object: the descriptor, the requests the plugin made, and the status and body of its
reply.
"""

import json
import socket
import struct
import subprocess
import sys

CALL, CANCEL, REPLY, HELLO = 1, 4, 5, 6
ALERT = {
    "id": "alert-1", "rule_id": "rule-1", "name": "drop", "condition": "pass_rate < 0.8", "value": 0.5, "spec_id": "s",
    "experiment_id": "exp-1",
    "fired_at": "2026-01-01T00:00:00Z",
}


class Plugin:
    def __init__(self, host, file):
        ours, theirs = socket.socketpair()
        ours.settimeout(20)
        # Descriptor 3 is where the helper looks for its socket.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$1" "$2" 3<&{theirs.fileno()} 3>&{theirs.fileno()}', "sh", host, file],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self.stream = ours.makefile("rwb")
        self.socket = ours
        self.requests = []

    def send(self, kind, payload):
        self.stream.write(struct.pack("<IB", len(payload) + 1, kind) + payload)
        self.stream.flush()

    def receive(self):
        size, kind = struct.unpack("<IB", self.stream.read(5))
        return kind, self.stream.read(size - 1)

    def call(self, number, method, body, serve):
        text = method.encode()
        self.send(CALL, struct.pack("<QqQH", number, 20_000, 0, len(text)) + text + json.dumps(body).encode())
        while True:
            kind, payload = self.receive()
            if kind == REPLY and struct.unpack("<Q", payload[:8])[0] == number:
                return struct.unpack("<I", payload[8:12])[0], json.loads(payload[12:])
            if kind == CALL:
                identifier, _, parent, length = struct.unpack("<QqQH", payload[:26])
                assert identifier >> 63 == 1 and parent == number, (identifier, parent)
                method, request = payload[26:26 + length].decode(), json.loads(payload[26 + length:])
                self.requests.append({"method": method, "body": request})
                self.send(REPLY, struct.pack("<QI", identifier, 0) + json.dumps(serve(request)).encode())


def main():
    host, file, name, parameters, status = sys.argv[1:]
    plugin = Plugin(host, file)
    kind, _ = plugin.receive()
    assert kind == HELLO, kind
    _, descriptor = plugin.call(1, "keystone.plugin/1.describe", {}, None)
    plugin.call(2, "keystone.plugin/1.configure", {"settings": {}, "state_folder": "", "cache_folder": ""}, None)
    unknown, _ = plugin.call(3, "keystone.notifier/1.nothing_of_the_kind", {"type": name}, None)
    body = {"type": name, "parameters": json.loads(parameters), "alert": ALERT, "a_member_of_the_future": 1}
    answer = {"status": int(status), "headers": [], "body": "the receiver's words"}
    code, reply = plugin.call(4, "keystone.notifier/1.notify", body, lambda _: answer)
    plugin.socket.shutdown(socket.SHUT_RDWR)
    plugin.process.wait(20)
    result = {"descriptor": descriptor, "unknown": unknown, "requests": plugin.requests, "code": code, "reply": reply}
    print(json.dumps(result))


main()
