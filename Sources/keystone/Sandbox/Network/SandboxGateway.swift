package import KeystoneKit
package import KeystoneSpec

/// Serves the only way out of sandboxes.
package protocol GatewayProvider: Sendable {
  /// Opens the gateway of one sandbox; it serves nothing until it is attached.
  ///
  /// Throws ``PluginError`` when a mock or the policy cannot be served as it is written.
  func open(_ plan: GatewayPlan) throws -> any SandboxGateway
}

/// The only way out of one sandbox.
package protocol SandboxGateway: Sendable {
  /// The certificate, as PEM, that programs in the sandbox have to trust; `nil` when nothing is decrypted.
  var authority: String? { get }

  /// Takes over the sockets that the sandbox's first process opened, and serves them.
  ///
  /// - Parameters:
  ///   - listener: Where every TCP connection of the sandbox arrives.
  ///   - names: Where its questions for names arrive; -1 when there is none.
  /// - Throws: What the kernel says when they cannot be served.
  func attach(listener: Int32, names: Int32) async throws

  /// Lets the sandbox reach a service that runs beside it.
  func serve(_ service: String, at endpoint: ServiceEndpoint)

  /// Opens the way for one connection of the host itself to what `host` is for the sandbox: a mock, a service, or a host
  /// outside, whatever the policy for the agent is. What it asks is recorded as the host's.
  ///
  /// - Parameters:
  ///   - host: A name or an address.
  ///   - port: The port.
  ///   - mayBePrivate: Whether a host outside may have an address that is not public.
  /// - Returns: The way, which ends when it is forgotten.
  /// - Throws: ``PluginError`` when it is refused, or cannot be opened.
  func openEntrance(to host: String, port: Int, mayBePrivate: Bool) async throws(PluginError) -> GatewayEntrance

  /// Lets the sandbox reach more public hosts, written as in `network.egress.allow`.
  ///
  /// Throws ``PluginError`` for a text that names no host.
  func allow(_ hosts: [String]) throws

  /// Says on whose account the traffic is from now on, and whether it is free to go anywhere public.
  ///
  /// What is recorded only at its end is recorded now, and relays that may not go on are closed.
  func enter(_ traffic: Traffic) async

  /// The requests that the mock `service` recorded, in order; `nil` when there is no such mock or it records nothing.
  func recordings(of service: String) -> [RecordedRequest]?

  /// Ends every connection; nothing is served or recorded afterwards.
  func close() async
}

/// Everything that decides what a sandbox reaches.
package struct GatewayPlan: Sendable {
  /// The sandbox's id.
  package var sandboxID: String
  /// The policy.
  package var network: SpecNetwork
  /// The services, whose templates are filled in.
  package var services: [SpecService]
  /// Whether a name leads to the same address of the outside for as long as the sandbox lives.
  package var hasStaticNames: Bool
  /// Whether the spec is the caller's own, so that addresses it names may be private.
  package var isCallersOwn: Bool
  /// The Unix socket that serves the sandbox's part of the API, if anything does.
  package var apiSocket: String?
  /// Takes records for the audit log.
  package var record: @Sendable (AuditEntry) -> Void

  /// A plan.
  package init(
    sandboxID: String, network: SpecNetwork, services: [SpecService], hasStaticNames: Bool = false,
    isCallersOwn: Bool = false, apiSocket: String? = nil, record: @escaping @Sendable (AuditEntry) -> Void
  ) {
    self.sandboxID = sandboxID
    self.network = network
    self.services = services
    self.hasStaticNames = hasStaticNames
    self.isCallersOwn = isCallersOwn
    self.apiSocket = apiSocket
    self.record = record
  }

  /// The name under which the API is reached from inside.
  package static let apiHost = "keystone.internal"
}

/// Something the gateway saw.
package struct AuditEntry: Sendable {
  /// The phase it belongs to.
  package var phase: String
  /// Who did it.
  package var actor: String
  /// `http_call`, `dns_query` or `connection`.
  package var event: String
  /// The members of the event.
  package var data: [String: JSONValue]

  /// An entry.
  package init(phase: String, actor: String, event: String, data: [String: JSONValue]) {
    self.phase = phase
    self.actor = actor
    self.event = event
    self.data = data
  }
}

/// On whose account a sandbox's traffic is.
package struct Traffic: Sendable, Hashable {
  /// The phase of the audit log, such as `setup` or `agent`.
  package var phase: String
  /// Who causes it.
  package var actor: String
  /// Whether every public host may be reached, as while a sandbox is set up.
  package var isOpen: Bool

  /// Traffic of a phase.
  package init(phase: String, actor: String, isOpen: Bool = false) {
    self.phase = phase
    self.actor = actor
    self.isOpen = isOpen
  }
}
