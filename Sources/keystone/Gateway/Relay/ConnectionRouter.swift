import KeystoneKit
import KeystoneSandbox
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Decides what becomes of a connection that the sandbox made.
struct ConnectionRouter: Sendable {
  /// How long a client of a redirected host may be silent before it is taken for one that waits for the server.
  private static let patience = TimeAmount.milliseconds(400)
  private static let connectTimeout = TimeAmount.seconds(10)

  let gateway: OpenGateway

  /// Takes an accepted connection, which does not read yet.
  func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
    guard let id = gateway.began(channel) else { return channel.close() }
    return OriginalDestination.of(channel).flatMap { destination in
      guard let destination else { return channel.close() }
      return self.route(channel, id, to: destination)
    }
  }

  private func route(_ channel: any Channel, _ id: UInt64, to goal: OriginalDestination) -> EventLoopFuture<Void> {
    if goal.address == AddressBook.nameServer {
      guard goal.port == 53 else { return refuse(channel, goal, "the name server answers on port 53") }
      return channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(NameStream(NameServer(gateway: gateway)))
      }.flatMap { channel.setOption(.autoRead, value: true) }
    }
    let isName = AddressBook.contains(goal.address)
    guard let host = isName ? gateway.name(of: goal.address) : HostName(goal.address.description) else {
      return refuse(channel, goal, "no name was given this address")
    }
    switch gateway.decide(host, port: goal.port) {
    case .denied(let reason): return refuse(channel, goal, reason, host: host)
    case .allowed(let destination):
      // What connects is not waited for: an accepted connection is registered once its initialiser is over.
      _ = lead(channel, id, Subject(host, goal.port), to: destination)
      return channel.eventLoop.makeSucceededVoidFuture()
    }
  }

  /// Leads a connection of the host itself; done when bytes can flow.
  func lead(
    _ channel: any Channel, to host: HostName, port: Int, _ destination: Destination
  ) -> EventLoopFuture<Void> {
    guard let id = gateway.began(channel) else {
      channel.close(promise: nil)
      return channel.eventLoop.makeFailedFuture(Upstream.Failure(reason: "the sandbox has ended"))
    }
    var subject = Subject(host, port)
    subject.isAskedByHost = true
    return lead(channel, id, subject, to: destination)
  }

  private func lead(
    _ channel: any Channel, _ id: UInt64, _ subject: Subject, to destination: Destination
  ) -> EventLoopFuture<Void> {
    var subject = subject
    let port = subject.port
    switch destination {
    case .mock(let name):
      subject.destination = "mock:\(name)"
      guard let mock = gateway.mock(name) else { return channel.close() }
      return serve(channel, mock, subject)
    case .service(let name):
      subject.destination = "service:\(name)"
      subject.service = name
      return relay(channel, id, subject) { loop in self.connectService(name, port, loop) }
    case .api:
      subject.destination = "keystone"
      return relay(channel, id, subject) { loop in self.connectAPI(loop) }
    case .outside(let outside):
      subject.destination = "outside"
      subject.isOutside = true
      guard outside.isRedirected else {
        return relay(channel, id, subject) { loop in self.connect(outside, port, loop) }
      }
      return redirect(channel, id, outside, subject)
    }
  }

  // MARK: Refusals

  private func refuse(
    _ channel: any Channel, _ goal: OriginalDestination, _ reason: String, host: HostName? = nil
  ) -> EventLoopFuture<Void> {
    gateway.record(
      "connection",
      [
        "host": .string(host?.text ?? goal.address.description), "port": .integer(Int64(goal.port)),
        "decision": "denied", "reason": .string(reason),
      ], gateway.traffic)
    Reset.prepare(channel)
    return channel.close()
  }

  // MARK: Mocks

  private func serve(_ channel: any Channel, _ mock: HTTPMock, _ subject: Subject) -> EventLoopFuture<Void> {
    sniff(channel, subject) { channel, subject in
      try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
      try channel.pipeline.syncOperations.addHandler(MockHandler(self.gateway, mock, for: subject))
      return channel.setOption(.autoRead, value: true)
    }
  }

  /// Finds out whether a connection to a redirected name speaks TLS, ends the TLS, and goes on with what is inside.
  private func sniff(
    _ channel: any Channel, _ subject: Subject, limit: TimeAmount? = nil,
    _ proceed: @escaping @Sendable (any Channel, Subject) throws -> EventLoopFuture<Void>
  ) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      var handler: FirstBytes?
      let first = FirstBytes(limit: limit) { finding in
        do {
          var subject = subject
          if case .malformed = finding { throw Denial("its first TLS message cannot be read", speaks: .bytes) }
          if case .tls(let name) = finding {
            subject.scheme = "https"
            if let name { try subject.checkServerName(name) }
            guard let context = try gateway.certificates?.context(for: subject.host) else {
              return channel.close(promise: nil)
            }
            try pipeline.addHandler(NIOSSLServerHandler(context: context))
          }
          // What was read goes on when the handlers that it is for are in their places.
          let first = handler
          try proceed(channel, subject).assumeIsolated().whenSuccess {
            guard let first, let context = try? pipeline.context(handler: first) else { return }
            first.release(context)
          }
        } catch {
          let denial = error as? Denial
          let reason = denial?.reason ?? "\(error)"
          gateway.record(
            "http_call", (denial?.call ?? HTTPCall(subject)).data(denied: reason), gateway.traffic(to: subject))
          Reset.prepare(channel)
          channel.close(promise: nil)
        }
        handler = nil
      }
      handler = first
      try pipeline.addHandler(first)
    }
  }

  // MARK: Relays

  /// Leads a connection to a host that took another one's place; TLS is ended here and begun anew.
  private func redirect(
    _ channel: any Channel, _ id: UInt64, _ outside: Outside, _ subject: Subject
  ) -> EventLoopFuture<Void> {
    sniff(channel, subject, limit: Self.patience) { channel, subject in
      self.relay(channel, id, subject) { loop in
        self.connect(outside, outside.port ?? subject.port, loop).flatMap { upstream in
          guard subject.scheme == "https" else { return loop.makeSucceededFuture(upstream) }
          return loop.makeCompletedFuture {
            let context = try NIOSSLContext(configuration: .makeClientConfiguration())
            let name = outside.host.literal == nil ? outside.host.text : nil
            try upstream.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
            return upstream
          }
        }
      }
    }
  }

  /// Connects to the other place; done when bytes can flow.
  private func relay(
    _ channel: any Channel, _ id: UInt64, _ subject: Subject,
    _ open: @escaping @Sendable (any EventLoop) -> EventLoopFuture<any Channel>
  ) -> EventLoopFuture<Void> {
    let connected = channel.eventLoop.makePromise(of: Void.self)
    open(channel.eventLoop).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let upstream):
        let relay = Relay(gateway, id: id, to: subject)
        gateway.add(relay)
        do { try relay.connect(channel, upstream) } catch { relay.close() }
        connected.succeed()
      case .failure(let error):
        connected.fail(error)
        let failure = error as? Upstream.Failure
        let reason = failure?.reason ?? "cannot be reached: \(error)"
        gateway.record(
          "connection",
          [
            "host": .string(subject.host.text), "port": .integer(Int64(subject.port)),
            "decision": failure?.isDenial == true ? "denied" : "failed", "reason": .string(reason),
          ], gateway.traffic(to: subject))
        Reset.prepare(channel)
        channel.close(promise: nil)
      }
    }
    return connected.futureResult
  }

  private func connect(_ outside: Outside, _ port: Int, _ loop: any EventLoop) -> EventLoopFuture<any Channel> {
    gateway.upstream.addresses(of: outside, on: loop).flatMap { addresses in
      self.connect(addresses[...], port, loop)
    }
  }

  private func connect(
    _ addresses: ArraySlice<String>, _ port: Int, _ loop: any EventLoop
  ) -> EventLoopFuture<any Channel> {
    guard let first = addresses.first, let address = try? SocketAddress(ipAddress: first, port: port) else {
      return loop.makeFailedFuture(Upstream.Failure(reason: "it has no address"))
    }
    return bootstrap(loop).connect(to: address).flatMapError { error in
      guard addresses.count > 1 else { return loop.makeFailedFuture(error) }
      return self.connect(addresses.dropFirst(), port, loop)
    }
  }

  private func connectService(_ name: String, _ port: Int, _ loop: any EventLoop) -> EventLoopFuture<any Channel> {
    guard let endpoint = gateway.endpoint(of: name) else {
      return loop.makeFailedFuture(Upstream.Failure(reason: "the service does not run"))
    }
    if let path = endpoint.sockets[String(port)] { return bootstrap(loop).connect(unixDomainSocketPath: path) }
    guard let address = endpoint.address else {
      return loop.makeFailedFuture(
        Upstream.Failure(reason: "the service does not answer on port \(port)", isDenial: true))
    }
    return connect([address], port, loop)
  }

  private func connectAPI(_ loop: any EventLoop) -> EventLoopFuture<any Channel> {
    guard let path = gateway.apiSocket else {
      return loop.makeFailedFuture(Upstream.Failure(reason: "the API is not served"))
    }
    return bootstrap(loop).connect(unixDomainSocketPath: path)
  }

  private func bootstrap(_ loop: any EventLoop) -> ClientBootstrap {
    ClientBootstrap(group: loop)
      .connectTimeout(Self.connectTimeout)
      .channelOption(.autoRead, value: false)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelOption(.maxMessagesPerRead, value: 4)
  }
}

extension Subject {
  fileprivate init(_ host: HostName, _ port: Int) {
    self.init(host: host, port: port, scheme: "http", destination: "outside", isOutside: false)
  }
}
