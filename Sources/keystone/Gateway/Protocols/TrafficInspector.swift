import KeystoneKit
import NIOCore

/// Reads what a client of the sandbox says to a host, decides whether it may say it, and notes what it asked for.
///
/// Bytes of the client are handed on only when they are understood: a request whose head is not complete, or whose
/// host is not the one that was looked up, never leaves.
struct TrafficInspector {
  /// What a connection is, as far as it is known.
  private enum Language {
    case undecided(ByteBuffer)
    case http
    case tls
    case other
  }

  /// Who is spoken to.
  private(set) var subject: Subject
  /// What was asked for and not been answered, oldest first.
  private(set) var open: [HTTPCall] = []
  /// What has been answered, or will not be.
  private var finished: [HTTPCall] = []
  /// What is spoken, for the audit log.
  var language: String {
    switch current {
    case .http: subject.scheme
    case .tls: "tls"
    case .undecided, .other: "bytes"
    }
  }

  private var current = Language.undecided(ByteBuffer())
  private var requests = HTTPMessageReader()
  private var answers = HTTPMessageReader()
  private var readsAnswers = true
  private let decide: (HostAndPort) -> Decision

  /// The most requests that may wait for their answers on one connection.
  private static let mostOpen = 1024

  /// An inspector for a connection to `subject`; `decide` judges hosts that a proxy is asked to connect to.
  init(_ subject: Subject, decide: @escaping (HostAndPort) -> Decision) {
    self.subject = subject
    self.decide = decide
  }

  /// Takes bytes of the client and answers those that may be handed on.
  mutating func client(_ bytes: ByteBuffer) throws(Denial) -> [ByteBuffer] {
    switch current {
    case .tls, .other: return [bytes]
    case .http: return try request(bytes)
    case .undecided(var held):
      held.writeImmutableBuffer(bytes)
      return try begin(held)
    }
  }

  /// Looks at bytes of the server, which are handed on whatever they say.
  mutating func server(_ bytes: ByteBuffer) throws(Denial) {
    guard case .http = current, readsAnswers else { return }
    var bytes = bytes
    do {
      while let part = try answers.next(&bytes) {
        if case .head(let head, _) = part { try answer(head) }
      }
    } catch let denial as Denial {
      throw denial
    } catch {
      readsAnswers = false
    }
  }

  /// The calls that are over; with `all`, those that wait for an answer too.
  mutating func takeCalls(all: Bool = false) -> [HTTPCall] {
    if all {
      finished += open
      open = []
    }
    defer { finished = [] }
    return finished
  }

  // MARK: The beginning

  private mutating func begin(_ held: ByteBuffer) throws(Denial) -> [ByteBuffer] {
    guard let first = held.readableBytesView.first else { return [] }
    if ClientHello.begins(with: first) { return try beginTLS(held) }
    let line = held.readableBytesView.prefix { $0 != 10 }
    let method = line.prefix { $0 != 32 }
    guard method.allSatisfy(HTTPHead.isTokenByte), !method.isEmpty || line.isEmpty else { return become(.other, held) }
    if line.count == held.readableBytes {
      guard held.readableBytes <= HTTPHead.longest else {
        throw Denial("its first line has no end", speaks: .bytes)
      }
      current = .undecided(held)
      return []
    }
    let words = line.split(separator: 32)
    guard let version = words.last, version.starts(with: "HTTP/".utf8) else { return become(.other, held) }
    guard version.starts(with: "HTTP/1.".utf8) else {
      guard !subject.isOutside else {
        throw Denial("HTTP/2 without TLS hides which host is asked; use HTTP/1.1 or https", speaks: .bytes)
      }
      return become(.other, held)
    }
    current = .http
    return try request(held)
  }

  private mutating func become(_ language: Language, _ bytes: ByteBuffer) -> [ByteBuffer] {
    current = language
    return [bytes]
  }

  private mutating func beginTLS(_ held: ByteBuffer) throws(Denial) -> [ByteBuffer] {
    switch ClientHello(Array(held.readableBytesView)) {
    case .incomplete:
      current = .undecided(held)
      return []
    case .malformed: throw Denial("its first TLS message cannot be read", speaks: .bytes)
    case .complete(let name):
      subject.scheme = "https"
      if let name { try subject.checkServerName(name) }
      var call = HTTPCall(subject)
      call.isTLS = true
      finished.append(call)
      return become(.tls, held)
    }
  }

  // MARK: HTTP

  private mutating func request(_ bytes: ByteBuffer) throws(Denial) -> [ByteBuffer] {
    var bytes = bytes
    var passed: [ByteBuffer] = []
    do {
      while let part = try requests.next(&bytes) {
        switch part {
        case .head(let head, let raw):
          try admit(head)
          passed.append(raw)
        case .body(let piece): passed.append(piece)
        case .end: break
        }
      }
    } catch let denial as Denial {
      throw denial
    } catch {
      throw Denial("a request cannot be read without doubt", speaks: .http(400))
    }
    return passed
  }

  private mutating func admit(_ head: HTTPHead) throws(Denial) {
    guard open.count < Self.mostOpen else { throw Denial("too many requests wait for answers", speaks: .http(429)) }
    var call = try subject.call(for: head)
    if call.method == "CONNECT" { call.tunnel = try admitTunnel(head) }
    guard let body = head.body(unsaid: .counted(0)) else {
      throw Denial("a request says in two ways where it ends", speaks: .http(400), call: call)
    }
    if head.list("connection").contains("upgrade") { call.upgrades = head.list("upgrade") }
    requests.expect(call.method == "CONNECT" ? .counted(0) : body)
    if readsAnswers { open.append(call) } else { finished.append(call) }
  }

  private func admitTunnel(_ head: HTTPHead) throws(Denial) -> HostAndPort {
    guard let goal = HostAndPort(head.line[1]), goal.port != nil else {
      throw Denial("CONNECT to `\(head.line[1].prefix(100))`, which is no host with a port", speaks: .http(400))
    }
    guard case .denied(let reason) = decide(goal) else { return goal }
    var call = HTTPCall(subject)
    call.method = "CONNECT"
    (call.host, call.port) = (goal.host.text, goal.port ?? 0)
    throw Denial("CONNECT to \(goal.host): \(reason)", speaks: .http(403), call: call)
  }

  private mutating func answer(_ head: HTTPHead) throws(Denial) {
    guard head.line.count >= 2, head.line[0].hasPrefix("HTTP/1."), let status = Int(head.line[1]), var call = open.first
    else {
      readsAnswers = false
      return
    }
    if (100..<200).contains(status), status != 101 { return answers.expect(.counted(0)) }
    open.removeFirst()
    call.status = status
    finished.append(call)
    if status == 101 { return try upgrade(call) }
    if let tunnel = call.tunnel, (200..<300).contains(status) { return enter(tunnel) }
    let hasNoBody = call.method == "HEAD" || status == 204 || status == 304
    guard let body = hasNoBody ? .counted(0) : head.body(unsaid: .untilEnd) else {
      readsAnswers = false
      return
    }
    answers.expect(body)
  }

  private mutating func upgrade(_ call: HTTPCall) throws(Denial) {
    if subject.isOutside, call.upgrades.contains(where: { $0.hasPrefix("h2") }) {
      throw Denial("HTTP/2 without TLS hides which host is asked; use HTTP/1.1 or https", speaks: .bytes, call: call)
    }
    current = .other
  }

  /// Behind a proxy another connection begins, which is looked at like any other.
  private mutating func enter(_ tunnel: HostAndPort) {
    subject = Subject(
      host: tunnel.host, port: tunnel.port ?? 443, scheme: "http", destination: subject.destination,
      isOutside: subject.isOutside)
    (requests, answers) = (HTTPMessageReader(), HTTPMessageReader())
    current = .undecided(ByteBuffer())
  }
}
