import NIOCore
import Testing

@testable import KeystoneGateway

/// What a client may say to a host, and what is noted of it.
@Suite struct InspectorTests {
  /// What came of a connection to `api.example.com:80`.
  struct Finding {
    var passed = ""
    var calls: [HTTPCall] = []
    var denial: Denial?
  }

  static func inspect(_ client: [String], _ server: [String] = [], isOutside: Bool = true) throws -> Finding {
    let host = try #require(HostName("api.example.com"))
    let subject = Subject(host: host, port: 80, scheme: "http", destination: "outside", isOutside: isOutside)
    var inspector = TrafficInspector(subject) { goal in
      goal.host.text == "allowed.example.com" ? .allowed(.api) : .denied("not in network.egress.allow")
    }
    var finding = Finding()
    do throws(Denial) {
      for index in 0..<max(client.count, server.count) {
        if index < client.count {
          for piece in try inspector.client(ByteBuffer(string: client[index])) {
            finding.passed += String(buffer: piece)
          }
        }
        if index < server.count { try inspector.server(ByteBuffer(string: server[index])) }
      }
    } catch {
      finding.denial = error
    }
    finding.calls = inspector.takeCalls(all: true)
    return finding
  }

  static func get(_ host: String, _ path: String = "/") -> String { "GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n" }

  @Test(arguments: [
    get("api.example.com"), get("API.Example.com."), get("api.example.com:80"),
    "GET http://api.example.com/x HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "EHLO api.example.com\r\n", "*1\r\n$4\r\nPING\r\n",
    "\u{0}\u{0}\u{0}\u{8}binary", "get key\r\n",
  ])
  func whatIsMeantForTheHostPasses(_ text: String) throws {
    let finding = try Self.inspect([text])
    #expect(finding.denial == nil && finding.passed == text, "\(String(describing: finding.denial))")
  }

  @Test(arguments: [
    (get("denied.example.com"), "names `denied.example.com`"), (get("api.example.com:8080"), "names"),
    (get("api.example.com@denied.example.com"), "names"), (get("api.example.com.evil.com"), "names"),
    (get("127.0.0.1"), "names"), ("GET http://denied.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "URL"),
    ("GET / HTTP/1.1\r\nHost: api.example.com\r\nHost: denied.example.com\r\n\r\n", "2 Host fields"),
    ("GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", "0 Host fields"),
    ("CONNECT denied.example.com:443 HTTP/1.1\r\nHost: denied.example.com:443\r\n\r\n", "not in network.egress.allow"),
    ("CONNECT nonsense HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "no host with a port"),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 without TLS"),
    (get("api.example.com") + get("denied.example.com"), "names `denied.example.com`"),
    ("POST / HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "two ways"),
    ("GET / HTTP/1.1\nHost: api.example.com\n\n", "without doubt"),
  ])
  func whatIsMeantForAnotherHostDoesNot(_ text: String, _ reason: String) throws {
    let finding = try Self.inspect([text])
    #expect(finding.denial?.reason.contains(reason) == true, "\(String(describing: finding.denial))")
    #expect(!finding.passed.contains("denied.example.com"))
  }

  @Test func aRequestInPiecesIsHeldUntilItsHostIsKnown() throws {
    let whole = Self.get("denied.example.com")
    for cut in 1..<whole.utf8.count {
      let finding = try Self.inspect([String(whole.prefix(cut)), String(whole.dropFirst(cut))])
      #expect(finding.denial != nil && finding.passed.isEmpty, "cut at \(cut)")
    }
  }

  @Test func theSecondRequestOfAConnectionIsJudgedToo() throws {
    let finding = try Self.inspect(
      [Self.get("api.example.com", "/one"), Self.get("denied.example.com", "/two")],
      ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])
    #expect(finding.calls.map(\.status) == [200] && finding.calls.first?.path == "/one")
    #expect(finding.denial?.call?.path == "/two" && !finding.passed.contains("/two"))
  }

  @Test func statusesFindTheirRequests() throws {
    let finding = try Self.inspect(
      [
        "HEAD /a HTTP/1.1\r\nHost: api.example.com\r\n\r\n" + Self.get("api.example.com", "/b?q=1")
          + Self.get("api.example.com", "/c")
      ],
      [
        "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
      ])
    #expect(finding.calls.map(\.status) == [200, 404, 204])
    #expect(finding.calls.map(\.path) == ["/a", "/b", "/c"] && finding.calls[1].query == "q=1")
  }

  @Test func whatIsBehindAnAllowedProxyIsJudgedLikeAnythingElse() throws {
    let connect = "CONNECT allowed.example.com:80 HTTP/1.1\r\nHost: allowed.example.com:80\r\n\r\n"
    let fine = try Self.inspect(
      [connect, Self.get("allowed.example.com")], ["HTTP/1.1 200 Connection established\r\n\r\n"])
    #expect(fine.denial == nil && fine.calls.map(\.host) == ["api.example.com", "allowed.example.com"])
    let bad = try Self.inspect(
      [connect, Self.get("denied.example.com")], ["HTTP/1.1 200 Connection established\r\n\r\n"])
    #expect(bad.denial != nil)
  }

  @Test func webSocketsPassAndUnreadableHTTP2DoesNot() throws {
    func upgrade(_ name: String) -> String {
      "GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: \(name)\r\n\r\n"
    }
    let answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
    let socket = try Self.inspect([upgrade("websocket"), "frame of denied"], [answer])
    #expect(socket.denial == nil && socket.passed.hasSuffix("frame of denied"))
    #expect(try Self.inspect([upgrade("h2c"), "frame"], [answer]).denial != nil)
  }

  @Test func serverNamesOfTLSAreComparedAndUnreadableOnesRefused() throws {
    let hello = TLSHello.bytes(serverName: "api.example.com")
    #expect(ClientHello(hello) == .complete(serverName: "api.example.com"))
    #expect(ClientHello(TLSHello.bytes(serverName: nil)) == .complete(serverName: nil))
    for cut in 1..<hello.count { #expect(ClientHello(Array(hello.prefix(cut))) == .incomplete, "cut at \(cut)") }
    var other = hello
    other[1] = 9
    #expect(ClientHello(other) == .malformed)
    for _ in 0..<5_000 {
      var bytes = hello
      for _ in 0..<3 { bytes[.random(in: 0..<bytes.count)] = .random(in: 0 ... .max) }
      _ = ClientHello(bytes)
    }
  }
}

/// First messages of TLS connections.
enum TLSHello {
  static func bytes(serverName: String?) -> [UInt8] {
    func block(_ size: Int, _ content: [UInt8]) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: content.count >> (8 * (size - 1 - $0))) } + content
    }
    var extensions: [UInt8] = [0, 43] + block(2, [2, 3, 4])
    if let serverName { extensions = [0, 0] + block(2, block(2, [0] + block(2, Array(serverName.utf8)))) + extensions }
    let body =
      [3, 3] + [UInt8](repeating: 7, count: 32) + block(1, []) + block(2, [0x13, 1]) + block(1, [0])
      + block(2, extensions)
    return [22, 3, 1] + block(2, [1] + block(3, body))
  }
}
