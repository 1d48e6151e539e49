public import KeystoneKit

extension PluginUnderTest {
  /// Asks a type to do its one piece of work, as the host would, and answers with the body of its reply.
  package func work(_ type: TypeDescriptor, _ parameters: JSONValue, on host: TestHost) async throws -> JSONValue {
    let (operation, body) = try host.request(for: type, parameters)
    return try await call("\(type.point.interface).\(operation)", body, on: host)
  }

  /// Evaluates an invariant in a test's host.
  public func score(_ type: String, _ parameters: JSONValue, on host: TestHost) async throws -> Score {
    try JSONValueDecoder().decode(Score.self, from: try await work(self.type(.invariant, type), parameters, on: host))
  }

  /// Evaluates a forbidden rule in a test's host.
  public func violations(_ type: String, _ parameters: JSONValue, on host: TestHost) async throws -> [Violation] {
    let reply = try await work(self.type(.forbidden, type), parameters, on: host)
    return try JSONValueDecoder().decode(RuleReply.self, from: reply).violations
  }

  /// Applies a fixture in a test's host.
  public func apply(_ type: String, _ parameters: JSONValue, on host: TestHost) async throws {
    _ = try await work(self.type(.fixture, type), parameters, on: host)
  }

  /// Runs an agent in a test's host.
  public func run(_ type: String, _ parameters: JSONValue, on host: TestHost) async throws -> AgentResult {
    try JSONValueDecoder().decode(AgentResult.self, from: try await work(self.type(.agent, type), parameters, on: host))
  }
}

extension TestHost {
  /// The one piece of work of a type, and the request for it.
  package func request(for type: TypeDescriptor, _ parameters: JSONValue) throws -> (operation: String, body: JSONValue)
  {
    let operation =
      switch type.point {
      case .invariant, .forbidden: "evaluate"
      case .fixture: "apply"
      case .agent: "run"
      case .notifier: "notify"
      case .runtime: "health"
      }
    guard type.point == .notifier else { return (operation, try WorkRequest(type, parameters, on: self).json) }
    let request = NotifyRequest(type: type.type, parameters: parameters, alert: NotifierConformance.alert())
    return (operation, try JSONValueEncoder().encode(request))
  }
}
