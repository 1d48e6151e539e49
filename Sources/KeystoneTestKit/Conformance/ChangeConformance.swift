public import KeystoneKit

/// A fixture with what must be there afterwards, for ``FixtureConformance``.
public struct FixtureExample: Sendable {
  var parameters: JSONValue
  var files: [String: String]
  var besideSpec: [String: String]
  var expected: [String: String]
  var code: PluginError.Code?

  /// Parameters that must make these files.
  ///
  /// - Parameters:
  ///   - parameters: What a spec says beside the type.
  ///   - files: The files of the workspace before.
  ///   - besideSpec: Files that lie beside the spec.
  ///   - expected: Files that must be there afterwards, with their content.
  public init(
    _ parameters: JSONValue, files: [String: String] = [:], besideSpec: [String: String] = [:],
    makes expected: [String: String]
  ) {
    self.parameters = parameters
    self.files = files
    self.besideSpec = besideSpec
    self.expected = expected
  }

  /// Parameters that cannot be applied, with the code of the error.
  public init(_ parameters: JSONValue, files: [String: String] = [:], failsWith code: PluginError.Code) {
    self.init(parameters, files: files, makes: [:])
    self.code = code
  }
}

/// The acceptance test of a ``Fixture``: one call in the test of a type.
public enum FixtureConformance {
  /// Tests a type; throws ``ConformanceFailure`` with everything it does wrong.
  public static func check<T: Fixture>(_ type: T.Type, examples: [FixtureExample]) async throws {
    try await report(PluginUnderTest(Plugin("under-test", version: "1.0.0", type)), examples: examples).check()
  }

  /// Tests the fixture `type` of a plugin, the only one when it is `nil`.
  public static func report(
    _ plugin: PluginUnderTest, type name: String? = nil, examples: [FixtureExample] = [], sample: JSONValue? = nil
  ) async throws -> ConformanceReport {
    let type = try await plugin.type(.fixture, name)
    let sample = sample ?? examples.first?.parameters ?? SchemaSample.value(type.parameters) ?? [:]
    let work = WorkConformance(
      plugin: plugin, type: type, operation: "apply", sample: sample,
      body: { try WorkRequest(type, $0, on: $1).json },
      checkReply: { try expect($0.object != nil, "it answered \($0.text) and not an object") })
    let cases = examples.enumerated().flatMap { index, example in
      [
        ConformanceCase.holds("example \(index + 1), \(example.parameters.text)") {
          try await run(example, work, times: 1)
        },
        ConformanceCase.holds("example \(index + 1), applied twice") { try await run(example, work, times: 2) },
      ]
    }
    return await ConformanceCase.report("fixture \(type.type)", cases + work.cases)
  }

  private static func run(_ example: FixtureExample, _ work: WorkConformance, times: Int) async throws {
    let host = try await TestHost(files: example.files, besideSpec: example.besideSpec)
    do {
      for _ in 0..<times { _ = try await work.call(example.parameters, on: host) }
    } catch let error as PluginError {
      guard let code = example.code else { throw Mismatch("it failed with `\(error.code)`: \(error.message)") }
      return try expect(error.code == code, "it failed with `\(error.code)` and not `\(code)`: \(error.message)")
    }
    if let code = example.code { throw Mismatch("it did not fail with `\(code)`") }
    for (path, text) in example.expected.sorted(by: { $0.key < $1.key }) {
      let found = try await host.text(of: SandboxPath(path))
      try expect(found == text, "\(path) holds `\(found.prefix(200))`")
    }
  }
}

/// An agent with a known end, for ``AgentConformance``.
public struct AgentExample: Sendable {
  var parameters: JSONValue
  var files: [String: String]
  var prompt: String
  var responses: [HTTPResponse]
  var exitCode: Int?
  var output: String?
  var code: PluginError.Code?

  /// An agent that ends by itself.
  ///
  /// - Parameters:
  ///   - parameters: What a spec says beside the type.
  ///   - files: The files of the workspace before.
  ///   - prompt: What it is asked to do.
  ///   - responses: What HTTP servers answer.
  ///   - exitCode: The exit code of its main process, where it has one.
  ///   - output: What its answer must contain.
  public init(
    _ parameters: JSONValue, files: [String: String] = [:], prompt: String = "Do what is asked.",
    responses: [HTTPResponse] = [], exitCode: Int? = nil, output: String? = nil
  ) {
    self.parameters = parameters
    self.files = files
    self.prompt = prompt
    self.responses = responses
    self.exitCode = exitCode
    self.output = output
  }

  /// An agent that cannot be started, with the code of the error.
  public init(_ parameters: JSONValue, files: [String: String] = [:], failsWith code: PluginError.Code) {
    self.init(parameters, files: files)
    self.code = code
  }
}

/// The acceptance test of an ``Agent``: one call in the test of a type.
public enum AgentConformance {
  /// Tests a type; throws ``ConformanceFailure`` with everything it does wrong.
  public static func check<T: Agent>(_ type: T.Type, examples: [AgentExample]) async throws {
    try await report(PluginUnderTest(Plugin("under-test", version: "1.0.0", type)), examples: examples).check()
  }

  /// Tests the agent `type` of a plugin, the only one when it is `nil`.
  public static func report(
    _ plugin: PluginUnderTest, type name: String? = nil, examples: [AgentExample] = [], sample: JSONValue? = nil
  ) async throws -> ConformanceReport {
    let type = try await plugin.type(.agent, name)
    let sample = sample ?? examples.first?.parameters ?? SchemaSample.value(type.parameters) ?? [:]
    var work = WorkConformance(
      plugin: plugin, type: type, operation: "run", sample: sample,
      body: { try WorkRequest(type, $0, on: $1).json },
      checkReply: { _ = try JSONValueDecoder().decode(AgentResult.self, from: $0) })
    work.isRepeatable = false
    let cases = examples.enumerated().map { [work] index, example in
      ConformanceCase.holds("example \(index + 1), \(example.parameters.text)") { try await run(example, work) }
    }
    return await ConformanceCase.report("agent \(type.type)", cases + work.cases)
  }

  private static func run(_ example: AgentExample, _ work: WorkConformance) async throws {
    let host = try await TestHost(files: example.files, responses: example.responses, prompt: example.prompt)
    let result: AgentResult
    do {
      result = try JSONValueDecoder().decode(AgentResult.self, from: try await work.call(example.parameters, on: host))
    } catch let error as PluginError {
      guard let code = example.code else { throw Mismatch("it failed with `\(error.code)`: \(error.message)") }
      return try expect(error.code == code, "it failed with `\(error.code)` and not `\(code)`: \(error.message)")
    }
    if let code = example.code { throw Mismatch("it did not fail with `\(code)`") }
    if let exitCode = example.exitCode {
      try expect(result.status?.exitCode == exitCode, "it \(result.status?.ending ?? "had no process")")
    }
    let output = result.output ?? host.agentOutput
    if let expected = example.output { try expect(output.contains(expected), "its output is `\(output.prefix(300))`") }
  }
}

/// The acceptance test of a ``Notifier``: one call in the test of a type.
public enum NotifierConformance {
  /// Tests a type; throws ``ConformanceFailure`` with everything it does wrong.
  ///
  /// - Parameters:
  ///   - type: The notifier.
  ///   - parameters: What a spec says beside the type.
  ///   - accepted: What the other side answers when it has accepted a message; `nil` for a notifier that makes no
  ///     HTTP requests.
  /// - Throws: ``ConformanceFailure``.
  public static func check<T: Notifier>(
    _ type: T.Type, parameters: JSONValue, accepted: HTTPResponse? = HTTPResponse(status: 200, headers: [], body: "ok")
  ) async throws {
    let plugin = try PluginUnderTest(Plugin("under-test", version: "1.0.0", type))
    try await report(plugin, sample: parameters, accepted: accepted).check()
  }

  /// Tests the notifier `type` of a plugin, the only one when it is `nil`.
  public static func report(
    _ plugin: PluginUnderTest, type name: String? = nil, sample: JSONValue? = nil,
    accepted: HTTPResponse? = HTTPResponse(status: 200, headers: [], body: "ok")
  ) async throws -> ConformanceReport {
    let type = try await plugin.type(.notifier, name)
    let sample = sample ?? SchemaSample.value(type.parameters) ?? [:]
    var work = WorkConformance(
      plugin: plugin, type: type, operation: "notify", sample: sample,
      body: { parameters, _ in
        try JSONValueEncoder().encode(NotifyRequest(type: type.type, parameters: parameters, alert: alert()))
      }, checkReply: { try expect($0.object != nil, "it answered \($0.text) and not an object") })
    work.isRepeatable = false
    return await ConformanceCase.report(
      "notifier \(type.type)", (accepted.map { deliveries(work, sample, $0) } ?? []) + work.cases)
  }

  static func alert() -> Alert {
    Alert(
      id: "alert-1", ruleID: "rule-1", name: "Pass rate", condition: "pass_rate < 0.8", value: 0.5,
      specID: "spec \"quoted\" & <marked>", experimentID: "exp-1", firedAt: "2026-01-01T00:00:00Z")
  }

  private static func deliveries(
    _ work: WorkConformance, _ sample: JSONValue, _ accepted: HTTPResponse
  ) -> [ConformanceCase] {
    [
      .holds("it delivers once what is accepted at once") {
        let host = try await TestHost(responses: [accepted])
        _ = try await work.call(sample, on: host)
        try expect(host.requests.count == 1, "it made \(host.requests.count) requests")
        let sent = host.requests.map { "\($0.url) \($0.headers.map(\.value)) \($0.body)" }.joined()
        try expect(sent.contains("pass_rate") || sent.contains("Pass rate"), "its message does not say what fired")
      },
      .holds("it delivers the same firing in the same way again") {
        let host = try await TestHost(responses: [accepted])
        for _ in 0..<2 { _ = try await work.call(sample, on: host) }
        try expect(Set(host.requests).count == 1, "its second request differs: \(host.requests.map(\.body))")
      },
      .holds("it says that a refusal is for good") {
        let error = try await failure(of: work, sample, status: 400)
        try expect(!error.retryable, "it says that what was refused with 400 may be tried again")
      },
      .holds("it says that a server's trouble may pass") {
        for status in [429, 500, 503] {
          let error = try await failure(of: work, sample, status: status)
          try expect(error.retryable, "it says that \(status) is for good")
        }
      },
    ]
  }

  private static func failure(of work: WorkConformance, _ sample: JSONValue, status: Int) async throws -> PluginError {
    let host = try await TestHost(responses: [HTTPResponse(status: status, headers: [], body: "no")])
    do {
      _ = try await work.call(sample, on: host)
    } catch let error as PluginError {
      return error
    }
    throw Mismatch("it counts an answer of \(status) as delivered")
  }
}
