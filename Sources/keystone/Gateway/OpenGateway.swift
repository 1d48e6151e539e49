import Glibc
import KeystoneKit
import KeystoneSandbox
import KeystoneSpec
import NIOCore
import NIOPosix

/// The gateway of one sandbox: its policy, its names, its mocks and its connections.
final class OpenGateway: SandboxGateway {
  private struct State {
    var traffic = Traffic(phase: "setup", actor: "host", isOpen: false)
    var book = AddressBook()
    var lastID: UInt64 = 0
    var channels: [UInt64: any Channel] = [:]
    var servers: [any Channel] = []
    var questions: Set<String> = []
    var endpoints: [String: ServiceEndpoint] = [:]
    /// Hosts that the agent may reach beside those of the policy.
    var further: [HostRule] = []
    var isClosed = false
  }

  /// How many connections are served at a time; the next ones wait in the kernel until one ends.
  static let mostConnections = 4096
  /// How many different questions for names are recorded.
  private static let mostQuestions = 10_000

  let authority: String?
  let loop: any EventLoop
  let upstream: Upstream
  let certificates: SandboxAuthority?
  let apiSocket: String?
  private let policy: EgressPolicy
  private let mocks: [String: HTTPMock]
  private let write: @Sendable (AuditEntry) -> Void
  private let state = Locked(State())
  /// The relays by id; touched on the event loop only.
  private let relays: NIOLoopBoundBox<[UInt64: Relay]>

  init(_ plan: GatewayPlan, reachable: [HostRule], on loop: any EventLoop) throws {
    self.loop = loop
    policy = try EgressPolicy(plan, reachable: reachable)
    certificates = policy.decrypts ? try SandboxAuthority(sandboxID: plan.sandboxID) : nil
    authority = certificates?.certificate
    upstream = Upstream(isStatic: plan.hasStaticNames)
    apiSocket = plan.apiSocket
    write = plan.record
    relays = NIOLoopBoundBox.makeBoxSendingValue([:], eventLoop: loop)
    var mocks: [String: HTTPMock] = [:]
    for service in plan.services {
      guard case .httpMock(let mock) = service.kind else { continue }
      mocks[service.name.lowercased()] = HTTPMock(name: service.name, mock)
    }
    self.mocks = mocks
  }

  // MARK: What the parts ask

  /// On whose account traffic is now.
  var traffic: Traffic { state.withLock { $0.traffic } }

  /// On whose account what `subject` is asked is recorded now.
  func traffic(to subject: Subject) -> Traffic {
    var traffic = self.traffic
    if subject.isAskedByHost { traffic.actor = "host" }
    return traffic
  }

  /// What the policy says now.
  func decide(_ host: HostName, port: Int?) -> Decision {
    let (isOpen, further) = state.withLock { ($0.traffic.isOpen, $0.further) }
    return policy.decide(host, port: port, isOpen: isOpen, further: further)
  }

  func allow(_ hosts: [String]) throws {
    let rules = try hosts.map { try EgressPolicy.rule($0, in: "auth.egress") }
    state.withLock { $0.further += rules }
  }

  /// The address of a name, given now when it has none.
  func address(of name: HostName) -> IPv4Address? { state.withLock { $0.book.address(of: name) } }

  /// The name that an address was given to.
  func name(of address: IPv4Address) -> HostName? { state.withLock { $0.book.name(of: address) } }

  func mock(_ name: String) -> HTTPMock? { mocks[name] }

  /// Where a service that runs beside the sandbox is reached; `nil` when it does not run.
  func endpoint(of service: String) -> ServiceEndpoint? { state.withLock { $0.endpoints[service] } }

  /// Writes down what was seen.
  func record(_ event: String, _ data: [String: JSONValue], _ traffic: Traffic) {
    guard !state.withLock({ $0.isClosed }) else { return }
    write(AuditEntry(phase: traffic.phase, actor: traffic.actor, event: event, data: data))
  }

  /// Writes a question for a name down, the first time it is asked in a phase.
  func noteQuestion(_ name: String, type: UInt16, denied reason: String?) {
    let traffic = self.traffic
    let isNew = state.withLock { state in
      state.questions.count < Self.mostQuestions
        && state.questions.insert("\(traffic.phase) \(reason == nil) \(name)").inserted
    }
    guard isNew else { return }
    var data: [String: JSONValue] = [
      "name": .string(name), "type": .integer(Int64(type)), "decision": reason == nil ? "allowed" : "denied",
    ]
    data["reason"] = reason.map { .string($0) }
    record("dns_query", data, traffic)
  }

  // MARK: Connections, on the event loop

  /// Counts a connection that the sandbox made; `nil` when the gateway is closed.
  func began(_ channel: any Channel) -> UInt64? {
    let (id, isFull) = state.withLock { state -> (UInt64?, Bool) in
      guard !state.isClosed else { return (nil, false) }
      state.lastID += 1
      state.channels[state.lastID] = channel
      return (state.lastID, state.channels.count >= Self.mostConnections)
    }
    if isFull { setAccepting(false) }
    guard let id else { return nil }
    channel.closeFuture.whenComplete { _ in self.left(id) }
    return id
  }

  private func left(_ id: UInt64) {
    let hasRoom = state.withLock { state in
      state.channels[id] = nil
      return state.channels.count == Self.mostConnections - 1
    }
    if hasRoom { setAccepting(true) }
  }

  private func setAccepting(_ isAccepting: Bool) {
    for server in state.withLock({ $0.servers }) {
      server.setOption(.autoRead, value: isAccepting).whenSuccess { if isAccepting { server.read() } }
    }
  }

  func add(_ relay: Relay) { relays.value[relay.id] = relay }

  func ended(_ id: UInt64) { relays.value[id] = nil }

  // MARK: SandboxGateway

  func attach(listener: Int32, names: Int32) async throws {
    let router = ConnectionRouter(gateway: self)
    let bootstrap = ServerBootstrap(group: loop)
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 4)
      .childChannelInitializer { router.accept($0) }
    let server = try await bootstrap.withBoundSocket(listener).get()
    state.withLock { $0.servers.append(server) }
    guard names >= 0 else { return }
    let datagrams = try await DatagramBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(NameDatagrams(NameServer(gateway: self)))
        }
      }.withBoundSocket(names).get()
    state.withLock { $0.servers.append(datagrams) }
  }

  func openEntrance(to host: String, port: Int, mayBePrivate: Bool) async throws(PluginError) -> GatewayEntrance {
    guard let name = HostName(host) else { throw PluginError(.invalid, "`\(host)` is no host; correct the URL") }
    let unreachable = "cannot reach \(host):\(port)"
    let destination: Destination
    switch policy.lead(name, port: port, mayBePrivate: mayBePrivate) {
    case .denied(let reason): throw PluginError(.denied, "\(unreachable): \(reason)")
    case .allowed(let found): destination = found
    }
    let entrance = try GatewayEntrance()
    let router = ConnectionRouter(gateway: self)
    let only = NIOLoopBoundBox<(any Channel)?>.makeBoxSendingValue(nil, eventLoop: loop)
    do {
      let server = try await ServerBootstrap(group: loop)
        .childChannelOption(.autoRead, value: false)
        .childChannelOption(.allowRemoteHalfClosure, value: true)
        .childChannelInitializer { channel in
          // Not at once: what is accepted goes through the pipeline of the server.
          channel.eventLoop.execute { only.value?.close(promise: nil) }
          router.lead(channel, to: name, port: port, destination).whenFailure { error in
            let failure = error as? Upstream.Failure ?? Upstream.Failure(reason: "\(error)")
            entrance.fail(
              PluginError(failure.isDenial ? .denied : .unavailable, "\(unreachable): \(failure.reason)"))
          }
          return channel.eventLoop.makeSucceededVoidFuture()
        }
        .bind(unixDomainSocketPath: entrance.path).get()
      try await loop.submit { only.value = server }.get()
      state.withLock { $0.servers.append(server) }
      server.closeFuture.whenComplete { _ in self.state.withLock { $0.servers.removeAll { $0 === server } } }
    } catch {
      throw PluginError(.unavailable, "\(unreachable): \(error)")
    }
    return entrance
  }

  func serve(_ service: String, at endpoint: ServiceEndpoint) {
    state.withLock { $0.endpoints[service.lowercased()] = endpoint }
  }

  func enter(_ traffic: Traffic) async {
    state.withLock { $0.traffic = traffic }
    try? await loop.submit {
      for relay in self.relays.value.values {
        if case .denied = self.decide(relay.host, port: relay.port) {
          relay.turn(to: traffic, isAllowed: false)
        } else {
          relay.turn(to: traffic, isAllowed: true)
        }
      }
    }.get()
  }

  func recordings(of service: String) -> [RecordedRequest]? {
    guard let mock = mocks[service.lowercased()], mock.records else { return nil }
    return mock.recordings
  }

  func close() async {
    try? await loop.submit { for relay in self.relays.value.values { relay.close() } }.get()
    let channels = state.withLock { state in
      state.isClosed = true
      defer { (state.servers, state.channels) = ([], [:]) }
      return state.servers + state.channels.values
    }
    for channel in channels { try? await channel.close().get() }
  }
}
