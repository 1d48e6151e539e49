package import KeystoneKit
import KeystoneSpec

extension SandboxPlan {
  /// Opens the gateway that this sandbox will have, whose records go to `audit`.
  func openGateway(recordingIn audit: AuditLog) throws -> (any SandboxGateway)? {
    guard let gateway else { return nil }
    let templates = TemplateValues(scenario: scenario, secrets: secrets)
    return try gateway.open(
      GatewayPlan(
        sandboxID: scenario.sandboxID, network: spec.network, services: spec.services.map { try $0.filled(templates) },
        hasStaticNames: spec.determinism.hasStaticDNS, isCallersOwn: specFolder != nil, apiSocket: access?.socket
      ) { entry in
        try? audit.record(phase: entry.phase, actor: entry.actor, event: entry.event, entry.data)
      })
  }
}

extension SpecService {
  /// The service with the templates in its answers filled in; those of requests are left to the responder.
  fileprivate func filled(_ templates: TemplateValues) throws -> SpecService {
    guard case .httpMock(var mock) = kind else { return self }
    for index in mock.routes.indices {
      mock.routes[index].response = try templates.render(mock.routes[index].response)
      mock.routes[index].headers = try mock.routes[index].headers.mapValues { try templates.render($0) }
    }
    var service = self
    service.kind = .httpMock(mock)
    return service
  }
}

extension LiveSandbox {
  /// Gives the sandbox's sockets to its gateway, and its certificates to its programs.
  func openNetwork() async throws {
    guard let gateway, let network = attachment?.takeNetwork() else {
      attachment?.closeNetwork()
      return try refuseNeeds()
    }
    await enter(phase: "setup", actor: "host", isOpen: plan.hasOpenSetup)
    for (name, service) in state.withLock({ $0.services }) { gateway.serve(name, at: service.endpoint) }
    try await gateway.attach(listener: network.listener, names: network.names)
    guard let authority = gateway.authority else { return }
    try await write(SandboxPath(TrustedAuthorities.own), Array(authority.utf8), area: .protected)
    try await write(SandboxPath(TrustedAuthorities.all), TrustedAuthorities.bundle(with: authority), area: .protected)
  }

  private func refuseNeeds() throws {
    let network = plan.spec.network
    guard
      !plan.spec.services.isEmpty || network.egress.policy == .allow || !network.egress.allow.isEmpty
        || !network.dnsOverrides.isEmpty
    else { return }
    let reason = attachment?.networkFailure.map { ": \($0)" } ?? ""
    throw PluginError(
      .unsupported,
      "the spec has `services` or opens `network`, but the runtime `\(environment.runtime)` cannot give this sandbox a gateway\(reason); use another runtime, or see `keystone doctor`"
    )
  }

  /// Says on whose account the sandbox's traffic is from now on.
  package func enter(phase: String, actor: String, isOpen: Bool = false) async {
    await gateway?.enter(Traffic(phase: phase, actor: actor, isOpen: isOpen))
  }

  /// Lets the sandbox reach public hosts that its agent needs, beside those of the spec.
  func open(_ hosts: [String], for agent: String) throws {
    guard !hosts.isEmpty else { return }
    guard let gateway else {
      throw PluginError(
        .unsupported,
        "the agent \(agent) names hosts in `auth.egress`, but the runtime `\(environment.runtime)` cannot give this sandbox a gateway; use another runtime, or see `keystone doctor`"
      )
    }
    try gateway.allow(hosts)
  }

  /// The requests that the mock `service` recorded, in order.
  ///
  /// - Throws: ``PluginError`` when there is no such mock, or it records nothing.
  package func recordings(of service: String) throws -> [RecordedRequest] {
    guard let recordings = gateway?.recordings(of: service) else {
      let known = plan.spec.services.map(\.name).joined(separator: ", ")
      throw PluginError(
        .notFound,
        "there is no http_mock service `\(service)` with `record: true`; the spec has \(known.isEmpty ? "no services" : known)"
      )
    }
    return recordings
  }

  /// What the mock `service` recorded, as a JSON array with secrets masked, for `teardown.export`.
  package func mockRequests(of service: String) throws -> JSONValue {
    .array(try recordings(of: service).map { patterns.redacted(try JSONValueEncoder().encode($0)) })
  }
}

extension SandboxServices {
  /// Sends what a mock recorded, a line for each request.
  func sendRecordings(_ call: IncomingCall) async throws -> [UInt8] {
    let query = try JSONValueDecoder().decode(RecordingsQuery.self, from: JSONValue(parsing: call.body))
    let recordings = try sandbox.recordings(of: query.service)
    let output = call.output(1)
    for request in recordings {
      let masked = sandbox.patterns.redacted(try JSONValueEncoder().encode(request))
      // A line may be longer than a frame.
      var line = masked.bytes[...] + [UInt8(ascii: "\n")]
      while !line.isEmpty {
        try await output.write(Array(line.prefix(1 << 20)))
        line = line.dropFirst(1 << 20)
      }
    }
    output.end()
    return JSONValue.object([:]).bytes
  }
}
