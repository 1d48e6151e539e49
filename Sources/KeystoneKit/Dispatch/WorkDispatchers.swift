/// Serves an ``Invariant``.
struct InvariantDispatcher<T: Invariant>: TypeDispatcher {
  private let instance = T()

  var descriptor: TypeDescriptor {
    TypeDescriptor(
      point: .invariant, type: T.type, description: T.summary, parameters: ParameterSchema.of(T.Parameters.self),
      capabilities: T.self is any Preparing.Type ? ["validate", "prepare"] : ["validate"],
      sources: T.sources)
  }

  func serve(_ operation: String, _ body: JSONValue, call: IncomingCall, host: HostConnection) async throws -> [UInt8] {
    if operation == "validate" { return try await validated(instance, body) }
    let request = try decoded(WorkRequest.self, body)
    let parameters = try parameters(T.Parameters.self, in: body)
    let context = CheckContext(host: host, name: request.name, scenario: request.scenario, agent: request.agent)
    switch operation {
    case "prepare":
      if let preparing = instance as? any Preparing { try await prepare(preparing, body, context) }
      return try encoded(Empty())
    case "evaluate": return try encoded(try await instance.evaluate(parameters, in: context))
    default: throw ServedPlugin.unsupported(call.method)
    }
  }

  private func prepare<P: Preparing>(_ instance: P, _ body: JSONValue, _ context: CheckContext) async throws {
    try await instance.prepare(try parameters(P.Parameters.self, in: body), in: context)
  }
}

/// Serves a ``ForbiddenRule``.
struct RuleDispatcher<T: ForbiddenRule>: TypeDispatcher {
  private let instance = T()

  var descriptor: TypeDescriptor {
    TypeDescriptor(
      point: .forbidden, type: T.type, description: T.summary, parameters: ParameterSchema.of(T.Parameters.self),
      capabilities: ["validate"], sources: T.sources)
  }

  func serve(_ operation: String, _ body: JSONValue, call: IncomingCall, host: HostConnection) async throws -> [UInt8] {
    if operation == "validate" { return try await validated(instance, body) }
    guard operation == "evaluate" else { throw ServedPlugin.unsupported(call.method) }
    let request = try decoded(WorkRequest.self, body)
    let parameters = try parameters(T.Parameters.self, in: body)
    let context = CheckContext(host: host, name: request.name, scenario: request.scenario, agent: request.agent)
    return try encoded(RuleReply(violations: try await instance.violations(parameters, in: context)))
  }
}

/// Serves a ``Fixture``.
struct FixtureDispatcher<T: Fixture>: TypeDispatcher {
  private let instance = T()

  var descriptor: TypeDescriptor {
    TypeDescriptor(
      point: .fixture, type: T.type, description: T.summary, parameters: ParameterSchema.of(T.Parameters.self),
      capabilities: ["validate"])
  }

  func serve(_ operation: String, _ body: JSONValue, call: IncomingCall, host: HostConnection) async throws -> [UInt8] {
    if operation == "validate" { return try await validated(instance, body) }
    guard operation == "apply" else { throw ServedPlugin.unsupported(call.method) }
    let request = try decoded(WorkRequest.self, body)
    let parameters = try parameters(T.Parameters.self, in: body)
    let context = FixtureContext(host: host, scenario: request.scenario, services: request.services)
    try await instance.apply(parameters, in: context)
    return try encoded(Empty())
  }
}

/// Serves an ``Agent``.
struct AgentDispatcher<T: Agent>: TypeDispatcher {
  private let instance = T()

  var descriptor: TypeDescriptor {
    TypeDescriptor(
      point: .agent, type: T.type, description: T.summary, parameters: ParameterSchema.of(T.Parameters.self),
      capabilities: ["validate"] + (T.self is any PreparingAgent.Type ? ["prepare"] : [])
        + (T.self is any ImageAgent.Type ? ["images"] : []))
  }

  func serve(_ operation: String, _ body: JSONValue, call: IncomingCall, host: HostConnection) async throws -> [UInt8] {
    if operation == "validate" { return try await validated(instance, body) }
    let request = try decoded(WorkRequest.self, body)
    let parameters = try parameters(T.Parameters.self, in: body)
    let context = AgentContext(
      host: host, scenario: request.scenario, model: request.model, services: request.services)
    switch operation {
    case "prepare":
      if let preparing = instance as? any PreparingAgent { try await prepare(preparing, body, context) }
      return try encoded(Empty())
    case "run": return try encoded(try await instance.run(parameters, in: context))
    default: throw ServedPlugin.unsupported(call.method)
    }
  }

  private func prepare<P: PreparingAgent>(_ instance: P, _ body: JSONValue, _ context: AgentContext) async throws {
    try await instance.prepare(try parameters(P.Parameters.self, in: body), in: context)
  }
}

/// Serves a ``Notifier``.
struct NotifierDispatcher<T: Notifier>: TypeDispatcher {
  private let instance = T()

  var descriptor: TypeDescriptor {
    TypeDescriptor(
      point: .notifier, type: T.type, description: T.summary, parameters: ParameterSchema.of(T.Parameters.self),
      capabilities: ["validate"])
  }

  func serve(_ operation: String, _ body: JSONValue, call: IncomingCall, host: HostConnection) async throws -> [UInt8] {
    if operation == "validate" { return try await validated(instance, body) }
    guard operation == "notify" else { throw ServedPlugin.unsupported(call.method) }
    let request = try decoded(NotifyRequest.self, body)
    let parameters = try parameters(T.Parameters.self, in: body)
    try await instance.notify(request.alert, parameters, in: NotifierContext(host: host))
    return try encoded(Empty())
  }
}
