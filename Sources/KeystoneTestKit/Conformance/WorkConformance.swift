import KeystoneFolder
import KeystoneKit

/// What is demanded of every type that does one piece of work per call, whatever its extension point.
struct WorkConformance: Sendable {
  let plugin: PluginUnderTest
  let type: TypeDescriptor
  /// The method, such as `evaluate`.
  let operation: String
  /// Parameters that fit.
  let sample: JSONValue
  /// Whether the same call twice must have the same answer.
  var isRepeatable = true
  /// The body of the request for the given parameters.
  var body: @Sendable (JSONValue, TestHost) throws -> JSONValue
  /// Throws when a reply does not have its shape.
  var checkReply: @Sendable (JSONValue) throws -> Void

  var method: String { "\(type.point.interface).\(operation)" }

  func call(_ parameters: JSONValue, on host: TestHost, budget: Duration = .seconds(20)) async throws -> JSONValue {
    try await plugin.call(method, try body(parameters, host), on: host, budget: budget)
  }

  var cases: [ConformanceCase] { descriptionCases + requestCases + timeCases + troubleCases }

  // MARK: What it says of itself

  private var descriptionCases: [ConformanceCase] {
    [
      .holds("it says in one sentence what it is") {
        try expect(
          !type.description.isEmpty && !type.description.contains("\n"), "its description is `\(type.description)`")
      },
      .holds("its schema describes every parameter") {
        for (name, schema) in type.parameters["properties"]?.object ?? [:] {
          try expect(schema["description"]?.string?.isEmpty == false, "`\(name)` has no description")
        }
      },
      .holds("its schema names only parameters it has") {
        let properties = type.parameters["properties"]?.object ?? [:]
        for name in (type.parameters["required"]?.array ?? []).compactMap(\.string) {
          try expect(properties[name] != nil, "`\(name)` is required and not among its properties")
        }
      },
      ConformanceCase("its validate accepts parameters that fit") {
        guard type.capabilities.contains("validate") else { return .skipped("it has no `validate`") }
        let host = try await TestHost()
        let request: JSONValue = ["type": .string(type.type), "parameters": sample]
        let reply = try await plugin.call("\(type.point.interface).validate", request, on: host)
        try expect(reply["problems"]?.array?.isEmpty == true, "it answered \(reply.text) to \(sample.text)")
        return .passed
      },
    ]
  }

  // MARK: Requests

  private var requestCases: [ConformanceCase] {
    [
      .holds("it answers in an empty sandbox, or says why it cannot") { try await answersInEmptySandbox(sample) },
      .holds("it ignores members that it does not know") {
        let host = try await TestHost()
        guard case .object(var members) = try body(sample, host) else { return }
        members["a_member_of_a_newer_host"] = ["deep": [1, 2, 3]]
        try await answers { try await plugin.call(method, .object(members), on: host) }
      },
      .holds("it answers parameters that do not fit, and lives on") {
        for misfit in SchemaSample.misfits(type.parameters) {
          let host = try await TestHost()
          try await endsInAnyWay("parameters \(misfit.text)") { _ = try await call(misfit, on: host) }
        }
        try await answersInEmptySandbox(sample)
      },
      .holds("it answers a body that is no JSON, and lives on") {
        for body in ["", "{", "[1,2", "\u{0}", "nul", String(repeating: "[", count: 100_000)] {
          try await endsInAnyWay("the body \(body.prefix(8))") {
            _ = try await plugin.session().call(method, Array(body.utf8), budget: .seconds(10))
          }
        }
        try await answersInEmptySandbox(sample)
      },
      .holds("it says that it does not have a method that it does not have") {
        let host = try await TestHost()
        do {
          let reply = try await plugin.call(
            "\(type.point.interface).no_such_operation", try body(sample, host), on: host)
          throw Mismatch("it answered \(reply.text)")
        } catch let error as PluginError {
          try expect(error.code == .unsupported, "it answered `\(error.code)`: \(error.message)")
        }
      },
      .holds("it serves twenty calls at once") {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<20 { group.addTask { try await answersInEmptySandbox(sample) } }
          try await group.waitForAll()
        }
      },
      ConformanceCase("it answers the same twice") {
        guard isRepeatable else { return .skipped("it may answer differently") }
        let (first, second) = (try await outcome(sample), try await outcome(sample))
        try expect(first == second, "first \(first), then \(second)")
        return .passed
      },
    ]
  }

  // MARK: Time

  private var timeCases: [ConformanceCase] {
    [
      ConformanceCase("it ends soon when it is cancelled") { try await endsEarly { $0.cancel() } },
      ConformanceCase("it ends when its time is up") { try await endsEarly(budget: .milliseconds(200)) { _ in } },
    ]
  }

  /// Lets the host's services wait for ever, and ends the call from here.
  private func endsEarly(
    budget: Duration? = nil, _ end: @Sendable (OutgoingCall) -> Void
  ) async throws -> ConformanceReport.Outcome {
    let host = try await TestHost()
    host.stall()
    let session = try await plugin.session()
    let before = session.counters.abandoned
    let call = session.begin(method, try body(sample, host).bytes, budget: budget, context: host)
    let limit = ContinuousClock.now + .seconds(10)
    // It has asked for something, or has ended without.
    while host.asked.isEmpty, session.activeCalls > 0, ContinuousClock.now < limit {
      try await Task.sleep(for: .milliseconds(2))
    }
    if host.asked.isEmpty {
      _ = try? await call.result()
      return .skipped("it asks the host for nothing")
    }
    end(call)
    let result = await Result { try await call.result() }
    try expect(session.counters.abandoned == before, "it did not answer within two seconds and was given up")
    if case .success(let body) = result { try checkReply(JSONValue(parsing: body)) }
    return .passed
  }

  // MARK: Trouble

  private var troubleCases: [ConformanceCase] {
    [
      ConformanceCase("it passes on that it could not do its work") {
        let host = try await TestHost()
        host.fail(with: PluginError(.unavailable, "the host's services are away"))
        do {
          let reply = try await call(sample, on: host)
          guard !host.asked.isEmpty else { return .skipped("it asks the host for nothing") }
          throw Mismatch("it answered \(reply.text) although nothing it asked for could be had")
        } catch let error as PluginError {
          try expect(!error.message.isEmpty, "its error has no message")
          return .passed
        }
      },
      .holds("it has broken no rule of the boundary") {
        let session = try await plugin.session()
        let limit = ContinuousClock.now + .seconds(5)
        while session.activeCalls > 0, ContinuousClock.now < limit { try await Task.sleep(for: .milliseconds(5)) }
        let counters = session.counters
        try expect(counters.lateReplies == 0, "it replied \(counters.lateReplies) times too often or too late")
        try expect(
          counters.creditViolations == 0, "it sent more than it was granted \(counters.creditViolations) times")
        try expect(counters.abandoned == 0, "\(counters.abandoned) calls were given up")
        try expect(session.activeCalls == 0, "\(session.activeCalls) calls have not ended")
      },
    ]
  }

  // MARK: Ways to look at an answer

  private func answersInEmptySandbox(_ parameters: JSONValue) async throws {
    let host = try await TestHost()
    try await answers { try await call(parameters, on: host) }
  }

  /// A reply of the right shape, or an error of the plugin's own that says why.
  private func answers(_ call: () async throws -> JSONValue) async throws {
    do {
      try checkReply(try await call())
    } catch let error as PluginError {
      try expect(await isAlive(), error.message)
      try expect(error.code != .deadline && !error.message.isEmpty, "it ended with `\(error.code)`: \(error.message)")
    }
  }

  private func endsInAnyWay(_ what: String, _ call: () async throws -> Void) async throws {
    do {
      try await call()
    } catch let error as PluginError {
      let alive = await isAlive()
      try expect(alive && error.code != .deadline, "\(what): \(error.message)")
    } catch is JSONError {
      throw Mismatch("\(what): its answer is no JSON")
    }
  }

  private func isAlive() async -> Bool { (try? await plugin.session().isOpen) ?? false }

  private func outcome(_ parameters: JSONValue) async throws -> String {
    let host = try await TestHost()
    do {
      return try await call(parameters, on: host).text.replacing(
        host.sandbox.environment.workspacePath, with: "/workspace")
    } catch let error as PluginError {
      return "the error `\(error.code)`"
    }
  }
}

extension Result where Failure == any Error, Success: Sendable {
  /// What `body` answers or throws.
  init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}

extension WorkRequest {
  /// The request of a type in a test's host.
  init(_ type: TypeDescriptor, _ parameters: JSONValue, on host: TestHost) {
    self.init(
      type: type.type, name: "test", parameters: parameters, scenario: host.scenario,
      agent: type.point == .invariant || type.point == .forbidden ? host.agent : nil)
  }

  var json: JSONValue { get throws { try JSONValueEncoder().encode(self) } }
}
