import Glibc

/// A real HTTP server on loopback, Python's own, in a process that lives as long as this value.
final class TestServer: Sendable {
  let base: String
  private let process: pid_t
  private let leash: Int32

  /// Starts the server; with `certificate` (a PEM file of key and certificate) it speaks TLS.
  init(certificate: String? = nil) throws {
    var (input, output): ([Int32], [Int32]) = ([0, 0], [0, 0])
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &input) == 0, socketpair(AF_UNIX, kind, 0, &output) == 0 else {
      throw Failure(text: "No socket is left.")
    }
    let arguments = ["python3", "-u", "-c", Self.program] + (certificate.map { [$0] } ?? [])
    process = try Self.spawn(arguments, input: input[0], output: output[1])
    leash = input[1]
    close(input[0])
    close(output[1])
    defer { close(output[0]) }
    var line = ""
    var byte: UInt8 = 0
    while read(output[0], &byte, 1) == 1, byte != 10 { line.append(Character(UnicodeScalar(byte))) }
    guard let port = Int(line) else {
      throw Failure(text: "The test server named no port.")
    }
    base = "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)"
  }

  deinit {
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
    close(leash)
  }

  /// Runs a command to its end.
  static func run(_ arguments: [String]) throws {
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }
    var status: Int32 = 0
    waitpid(try spawn(arguments, input: null, output: null), &status, 0)
    guard status == 0 else { throw Failure(text: "\(arguments[0]) ended with status \(status).") }
  }

  private static func spawn(_ arguments: [String], input: Int32, output: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var vector = arguments.map { strdup($0) } + [nil]
    defer { vector.forEach { free($0) } }
    var process: pid_t = 0
    let status = posix_spawnp(&process, arguments[0], &actions, nil, &vector, environ)
    guard status == 0 else { throw Failure(text: "\(arguments[0]) cannot be run: error \(status).") }
    return process
  }

  struct Failure: Error {
    let text: String
  }

  /// Ends by itself when its standard input closes, so that a crashed test leaves nothing behind.
  private static let program = #"""
    import os, ssl, sys, threading, urllib.parse
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    closed, barrier, connections = threading.Event(), threading.Barrier(50), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            connections.append(self.client_address)
            super().setup()

        def log_message(self, *arguments):
            pass

        def answer(self, body, status=200, headers=()):
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def handle_any(self):
            url = urllib.parse.urlparse(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if url.path == "/echo":
                head = "".join(f"{k.lower()}: {v}\n" for k, v in self.headers.items())
                self.answer(f"{self.command}\n{head}\n".encode() + body, headers=[("X-Twice", "a"), ("X-Twice", "b")])
            elif url.path == "/status":
                self.answer(b"no", int(query["code"]))
            elif url.path == "/bytes":
                self.answer(b"x" * int(query["count"]))
            elif url.path == "/redirect":
                self.answer(b"", int(query.get("code", 302)), [("Location", query["to"])])
            elif url.path == "/circle":
                self.answer(b"", 302, [("Location", "/circle")])
            elif url.path == "/hang":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
                self.rfile.read(1)
                closed.set()
            elif url.path == "/closed":
                closed.wait()
                self.answer(b"closed")
            elif url.path == "/together":
                barrier.wait()
                self.answer(b"together")
            elif url.path == "/connections":
                self.answer(str(len(connections)).encode())
            elif url.path == "/garbage":
                self.wfile.write(b"this is not HTTP\r\n\r\n")
                self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_PURGE = handle_any

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, request, address):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)
    """#
}
