import KeystoneKit
import KeystoneSandbox
import NIOCore

/// A connection of the sandbox that goes on to another place; lives on one event loop.
final class Relay {
  /// An end of the relay.
  enum Side {
    case client
    case server

    var other: Side { self == .client ? .server : .client }
  }

  let id: UInt64
  let host: HostName
  let port: Int
  private let gateway: OpenGateway
  private var inspector: TrafficInspector
  /// For a service that runs from an image, until it is known to speak nothing but HTTP, TLS or bytes.
  private var service: ServiceInspector?
  private var traffic: Traffic
  private var sent = 0
  private var received = 0
  private var isOver = false
  private lazy var client = RelayEnd(self, .client)
  private lazy var server = RelayEnd(self, .server)

  /// A relay for what `subject` is asked.
  init(_ gateway: OpenGateway, id: UInt64, to subject: Subject) {
    self.gateway = gateway
    self.id = id
    (host, port) = (subject.host, subject.port)
    traffic = gateway.traffic(to: subject)
    inspector = TrafficInspector(subject) { goal in gateway.decide(goal.host, port: goal.port) }
    service = subject.service.map { ServiceInspector(service: $0) }
  }

  /// Puts the ends into the pipelines of two open channels on one event loop, and begins.
  func connect(_ clientChannel: any Channel, _ serverChannel: any Channel) throws {
    try serverChannel.pipeline.syncOperations.addHandler(server)
    try clientChannel.pipeline.syncOperations.addHandler(client)
    begin()
  }

  /// Begins when both ends can be read: a Unix socket is connected before the accepted connection is registered.
  func begin() {
    guard server.isActive, client.isActive else { return }
    client.read()
    server.read()
  }

  private func end(_ side: Side) -> RelayEnd { side == .client ? client : server }

  // MARK: From the ends

  func received(_ bytes: ByteBuffer, from side: Side) {
    guard !isOver else { return }
    do throws(Denial) {
      if side == .client {
        sent += bytes.readableBytes
        for piece in try read(bytes) { server.write(piece) }
      } else {
        received += bytes.readableBytes
        try inspector.server(bytes)
        client.write(bytes)
      }
      for call in inspector.takeCalls() { record(call) }
    } catch {
      deny(error)
    }
  }

  /// Reads what the client says, by the language of the service where it is one.
  private func read(_ bytes: ByteBuffer) throws(Denial) -> [ByteBuffer] {
    guard var service else { return try inspector.client(bytes) }
    // So that what the inspector keeps has one owner and is not copied with every piece that arrives.
    self.service = nil
    defer { self.service = service }
    switch try service.client(bytes) {
    case .other(let bytes): return try inspector.client(bytes)
    case .forward(let forward, let reply):
      for event in service.takeEvents() { gateway.record(event.event, event.data, traffic) }
      if !reply.isEmpty {
        client.write(ByteBuffer(bytes: reply))
        client.flush()
      }
      return forward.isEmpty ? [] : [ByteBuffer(bytes: forward)]
    }
  }

  func pause(after side: Side) {
    let other = end(side.other)
    other.flush()
    if other.isWritable { end(side).read() }
  }

  func resume(_ side: Side) { end(side).read() }

  func ended(_ side: Side) { end(side.other).end() }

  /// Takes the end of one side: what it had sent still goes to the other.
  func closed(_ side: Side, resetting: Bool = false) {
    account()
    if resetting { end(side.other).close(resetting: true) } else { end(side.other).closeAfterWriting() }
    end(side).close(resetting: resetting)
  }

  func gone(_ side: Side) {
    account()
    if side == .client { gateway.ended(id) }
  }

  // MARK: Ends

  /// Notes what waits for an answer, before the phase changes; closes when the policy does not allow it any longer.
  func turn(to traffic: Traffic, isAllowed: Bool) {
    for call in inspector.takeCalls(all: true) { record(call) }
    self.traffic = traffic
    if !isAllowed { close() }
  }

  /// Ends the connection on both sides at once.
  func close() {
    account()
    client.close(resetting: true)
    server.close(resetting: true)
  }

  /// Records what the connection was, once.
  private func account() {
    guard !isOver else { return }
    isOver = true
    for call in inspector.takeCalls(all: true) { record(call) }
    gateway.record(
      "connection",
      [
        "host": .string(host.text), "port": .integer(Int64(port)),
        "protocol": .string(service?.language ?? inspector.language),
        "bytes_sent": .integer(Int64(sent)), "bytes_received": .integer(Int64(received)), "decision": "allowed",
      ], traffic)
  }

  private func deny(_ denial: Denial) {
    for call in inspector.takeCalls() { record(call) }
    if let language = service?.language { return refuse(denial.reason, language) }
    let call = denial.call ?? HTTPCall(inspector.subject)
    gateway.record("http_call", call.data(denied: denial.reason), traffic)
    guard case .http(let status) = denial.language, received == 0 else { return close() }
    account()
    client.write(ByteBuffer(string: Self.refusal(status, denial.reason)))
    client.flush()
    client.closeAfterWriting()
    server.close(resetting: true)
  }

  /// Ends a connection to a database whose messages cannot be read.
  private func refuse(_ reason: String, _ language: String) {
    gateway.record(
      "connection",
      [
        "host": .string(host.text), "port": .integer(Int64(port)), "protocol": .string(language), "decision": "denied",
        "reason": .string(reason),
      ], traffic)
    isOver = true
    client.close(resetting: true)
    server.close(resetting: true)
  }

  private static func refusal(_ status: Int, _ reason: String) -> String {
    let text = "keystone: the gateway of this sandbox refused the request: \(reason)\n"
    return """
      HTTP/1.1 \(status) Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: \(text.utf8.count)\r
      Connection: close\r\n\r\n\(text)
      """
  }

  private func record(_ call: HTTPCall) { gateway.record("http_call", call.data(), traffic) }
}
