"""Tries every way out of a sandbox it can think of; prints `OUT <way>` for each that leads somewhere.

Arguments: a TCP port of the host's loopback where a server listens. What it tries is a table: a way is a name and a
function that returns true when something outside answered.
"""
import ctypes
import os
import socket
import ssl
import struct
import sys

PORT = int(sys.argv[1])
TIMEOUT = 2
HOST_NAMES = ["example.com", "github.com", "metadata.google.internal", "localtest.me", "127.0.0.1.nip.io",
              "10.0.0.1.nip.io", "169.254.169.254.nip.io", "keystone.internal.example.com", "host.docker.internal",
              "kubernetes.default.svc", "payment-api.evil.com", "xn--pypi-8qa.org"]
LITERALS = ["1.1.1.1", "8.8.8.8", "10.0.0.1", "172.17.0.1", "192.168.0.1", "192.168.65.2", "100.64.0.1",
            "169.254.169.254", "168.63.129.16", "198.18.0.1", "198.18.0.2", "198.18.255.255", "198.19.255.255",
            "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1", "127.0.0.2",
            "127.0.0.53", "127.1.2.3"]
V6 = ["::1", "::ffff:127.0.0.1", "::ffff:1.1.1.1", "2606:4700:4700::1111", "fe80::1", "fd00::1", "64:ff9b::101:101",
      "2002:7f00:1::", "ff02::1"]
WAYS = {}


def way(name):
    def add(function):
        WAYS[name] = function
    return add


def speaks(sock, data=b"GET / HTTP/1.0\r\n\r\n"):
    sock.settimeout(TIMEOUT)
    sock.sendall(data)
    return len(sock.recv(1)) > 0


def tcp(host, port, family=socket.AF_INET, data=b"GET / HTTP/1.0\r\n\r\n"):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(TIMEOUT)
        sock.connect((host, port))
        return speaks(sock, data)


def udp(host, port, data, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        sock.connect((host, port))
        sock.send(data)
        return len(sock.recv(512)) > 0


def query(name, kind=1):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0" + labels + b"\0" + struct.pack("!HH", kind, 1)


def resolves(name, kind=1):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(TIMEOUT)
        sock.sendto(query(name, kind), ("198.18.0.1", 53))
        return struct.unpack("!H", sock.recv(512)[6:8])[0] > 0


for name in HOST_NAMES:
    WAYS[f"resolving {name}"] = lambda name=name: bool(socket.getaddrinfo(name, 80))
for kind, title in [(1, "A"), (28, "AAAA"), (16, "TXT"), (5, "CNAME"), (15, "MX"), (10, "NULL"), (255, "ANY"), (12, "PTR")]:
    WAYS[f"DNS tunnel by {title}"] = lambda kind=kind: resolves("aGVsbG8gd29ybGQ.tunnel.example.com", kind)
for literal in LITERALS:
    for port in {80, 443, PORT}:
        WAYS[f"TCP to {literal}:{port}"] = lambda literal=literal, port=port: tcp(literal, port)
for literal in ["1.1.1.1", "8.8.8.8", "127.0.0.1", "10.0.0.1", "198.18.0.2", "255.255.255.255"]:
    WAYS[f"UDP DNS to {literal}"] = lambda literal=literal: udp(literal, 53, query("example.com"))
    WAYS[f"QUIC to {literal}"] = lambda literal=literal: udp(literal, 443, b"\xc0" + b"\0" * 1199)
for literal in V6:
    WAYS[f"TCP to [{literal}]"] = lambda literal=literal: tcp(literal, PORT, socket.AF_INET6)
    WAYS[f"UDP to [{literal}]"] = lambda literal=literal: udp(literal, 53, query("example.com"), socket.AF_INET6)


@way("raw IPv4 socket")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.settimeout(0.3)
        sock.sendto(b"\x08\0\xf7\xff\0\0\0\0", ("1.1.1.1", 0))
        return len(sock.recv(64)) > 0


@way("ping socket")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as sock:
        sock.settimeout(0.3)
        sock.sendto(b"\x08\0\xf7\xff\0\0\0\0", ("1.1.1.1", 0))
        return len(sock.recv(64)) > 0


@way("packet socket")
def _():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)).close()
    return True


@way("netlink: adding a route")
def _():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.settimeout(TIMEOUT)
        route = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0) + struct.pack("=HHI", 8, 4, 1)
        sock.send(struct.pack("=IHHII", 16 + len(route), 24, 0x605, 1, 0) + route)
        return struct.unpack("=i", sock.recv(512)[16:20])[0] == 0


@way("vsock to the host")
def _():
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as sock:
        sock.settimeout(0.5)
        sock.connect((2, PORT))
        return True


@way("binding to the way out")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        sock.settimeout(TIMEOUT)
        sock.connect(("1.1.1.1", 80))
        return speaks(sock)


@way("a mark that routes around")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, 36, 1)
        return True


@way("the gateway's listener itself")
def _():
    return tcp("127.0.0.1", 1)


for path in ["/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock", "/run/systemd/private",
             "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0", "/run/keystone/attachment", "/proc/1/root/run/docker.sock"]:
    def unix(path=path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(0.5)
            sock.connect(path)
            return True
    WAYS[f"Unix socket {path}"] = unix


@way("an abstract Unix socket of the host")
def _():
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(0.5)
        sock.connect("\0/tmp/dbus-session")
        return True


@way("the network namespace of the first process")
def _():
    descriptor = os.open("/proc/1/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.setns(descriptor, 0x40000000) == 0


@way("io_uring")
def _():
    libc = ctypes.CDLL(None, use_errno=True)
    ring = libc.syscall(425, 4, ctypes.create_string_buffer(120))
    # A ring alone leads nowhere: it is in the same namespace, and a connection by it is tried as any other is.
    return ring >= 0 and tcp("1.1.1.1", 80)


def through(host, port, data):
    return lambda: b" 403 " not in answer(host, port, data)


def answer(host, port, data):
    with socket.create_connection((host, port), TIMEOUT) as sock:
        sock.settimeout(TIMEOUT)
        sock.sendall(data)
        got = sock.recv(4096)
        if not got:
            raise ConnectionError("closed")
        return got


for title, data in {
    "another Host": b"GET / HTTP/1.1\r\nHost: denied.example.com\r\n\r\n",
    "another Host on a port": b"GET / HTTP/1.1\r\nHost: allowed.test:8080\r\n\r\n",
    "an absolute URL": b"GET http://denied.example.com/ HTTP/1.1\r\nHost: allowed.test\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: allowed.test\r\nHost: denied.example.com\r\n\r\n",
    "a folded Host": b"GET / HTTP/1.1\r\nHost: allowed.test\r\n denied.example.com\r\n\r\n",
    "CONNECT": b"CONNECT denied.example.com:443 HTTP/1.1\r\nHost: denied.example.com:443\r\n\r\n",
    "CONNECT to an address": b"CONNECT 1.1.1.1:443 HTTP/1.1\r\nHost: 1.1.1.1:443\r\n\r\n",
    "CONNECT to the host": f"CONNECT 127.0.0.1:{PORT} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(),
    "a second request": b"GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\nGET / HTTP/1.1\r\nHost: denied.example.com\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: denied.example.com\n\n",
    "HTTP/2 without TLS": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "smuggling": b"POST / HTTP/1.1\r\nHost: allowed.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}.items():
    def fronted(data=data, title=title):
        got = answer("allowed.test", 80, data)
        # A first request may pass; what is for another host must not.
        if title == "a second request":
            return got.count(b"the host's loopback") > 1
        return not got.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))
    WAYS[f"fronting by {title}"] = fronted


@way("another TLS server name")
def _():
    context = ssl._create_unverified_context()
    with socket.create_connection(("allowed.test", 443), TIMEOUT) as sock:
        context.wrap_socket(sock, server_hostname="denied.example.com").close()
        return True


if __name__ == "__main__":
    for name, function in WAYS.items():
        try:
            got_out = function()
        except Exception as error:  # pylint: disable=broad-except
            got_out = False
            print(f"closed {name}: {type(error).__name__}")
        if got_out:
            print(f"OUT {name}")
    print(f"tried {len(WAYS)} ways")
