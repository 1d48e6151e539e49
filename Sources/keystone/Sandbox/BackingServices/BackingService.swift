import KeystoneKit
import KeystoneSpec

/// A service of the spec that runs from an image.
struct BackingService: Sendable {
  var request: ServiceRequest
  var endpoint: ServiceEndpoint

  /// What plugins are told of it.
  var description: ServiceDescription {
    ServiceDescription(
      name: request.name, image: request.image, environment: request.environment, ports: endpoint.ports)
  }
}

extension LiveSandbox {
  /// How long a service may take until it is ready.
  private static let patience = Duration.seconds(60)

  /// Starts the services that run from images, all at once, and waits until each is ready.
  func startServices(_ deadline: ContinuousClock.Instant) async throws {
    let templates = TemplateValues(scenario: plan.scenario, secrets: plan.secrets)
    try await withThrowingTaskGroup { group in
      for service in plan.spec.services {
        guard case .image(let image) = service.kind else { continue }
        let request = ServiceRequest(
          name: service.name, image: image.image,
          environment: DocumentedDefaults.environment(of: image.image)
            .merging(try image.env.mapValues { try templates.render($0) }) { _, own in own },
          ports: service.ports)
        let waitFor = try image.waitFor.map { try templates.render($0) }
        group.addTask { [self] in
          plan.progress(SandboxStep("services", request.name))
          try await start(request, waitFor: waitFor, deadline)
        }
      }
      // Not `waitForAll`, which would let the others be waited for after one has failed.
      while try await group.next() != nil {}
    }
  }

  private func start(_ request: ServiceRequest, waitFor: String?, _ deadline: ContinuousClock.Instant) async throws {
    let endpoint: ServiceEndpoint = try await call(
      "service_start", SandboxCall(serviceRequest: request), budget: remaining(until: deadline))
    state.withLock { $0.services[request.name] = BackingService(request: request, endpoint: endpoint) }
    try audit.record(
      phase: "setup", actor: "host", event: "service_start",
      ["service": .string(request.name), "image": .string(request.image), "version": .string(endpoint.version)])
    let readiness = ServiceReadiness(sandbox: self, name: request.name, waitFor: waitFor, endpoint: endpoint)
    try await readiness.wait(until: min(deadline, .now + Self.patience))
  }

  /// The service of that name which runs from an image.
  func backingService(_ name: String) throws -> BackingService {
    if let service = state.withLock({ $0.services[name] }) { return service }
    let names = state.withLock { $0.services.keys.sorted() }
    throw PluginError(
      .notFound,
      "the sandbox has no service `\(name)` of an image; it has \(names.isEmpty ? "none" : names.joined(separator: ", "))"
    )
  }
}

/// What the specification promises where a spec says nothing.
enum DocumentedDefaults {
  /// A PostgreSQL service has the user `postgres` with the password `test` and the database `testdb`.
  static func environment(of image: String) -> [String: String] {
    let name = image.split(separator: "/").last?.split(separator: ":").first ?? ""
    guard name == "postgres" else { return [:] }
    return ["POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": "test", "POSTGRES_DB": "testdb"]
  }
}
