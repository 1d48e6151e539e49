public import KeystoneKit

/// A situation with a known verdict, for ``InvariantConformance``.
public struct InvariantExample: Sendable {
  /// What the check must say.
  public enum Verdict: Sendable, Hashable {
    /// A score that counts as passed.
    case passes
    /// A score that does not.
    case fails
    /// Exactly this score.
    case scores(Double)
    /// It could not judge, with this code.
    case cannotJudge(PluginError.Code)
  }

  var verdict: Verdict
  var parameters: JSONValue
  var files: [String: String]
  var agent: AgentOutcome?
  var audit: [AuditRecord]
  var trace: [TraceRecord]
  var recordings: [String: [RecordedRequest]]
  var responses: [HTTPResponse]
  var prepare: @Sendable (TestHost) async throws -> Void

  /// A situation.
  ///
  /// - Parameters:
  ///   - verdict: What the check must say.
  ///   - parameters: What a spec says beside the type.
  ///   - files: The files of the workspace before the agent.
  ///   - agent: What the agent did.
  ///   - audit: What was recorded of the agent.
  ///   - trace: What the agent reported of itself.
  ///   - recordings: What mock services were asked, by the service's name.
  ///   - responses: What HTTP servers answer.
  ///   - change: What the agent does to the sandbox.
  public init(
    _ verdict: Verdict, _ parameters: JSONValue, files: [String: String] = [:], agent: AgentOutcome? = nil,
    audit: [AuditRecord] = [], trace: [TraceRecord] = [], recordings: [String: [RecordedRequest]] = [:],
    responses: [HTTPResponse] = [],
    change: @escaping @Sendable (TestHost) async throws -> Void = { _ in }
  ) {
    self.verdict = verdict
    self.parameters = parameters
    self.files = files
    self.agent = agent
    self.audit = audit
    self.trace = trace
    self.recordings = recordings
    self.responses = responses
    prepare = change
  }
}

/// The acceptance test of an ``Invariant``: one call in the test of a type.
///
/// ```swift
/// try await InvariantConformance.check(LinesAtMost.self, examples: [
///   InvariantExample(.passes, ["path": "a", "max": 2], files: ["a": "one\n"]),
/// ])
/// ```
public enum InvariantConformance {
  /// Tests a type; throws ``ConformanceFailure`` with everything it does wrong.
  public static func check<T: Invariant>(_ type: T.Type, examples: [InvariantExample]) async throws {
    try await report(PluginUnderTest(Plugin("under-test", version: "1.0.0", type)), examples: examples).check()
  }

  /// Tests the invariant `type` of a plugin, the only one when it is `nil`.
  public static func report(
    _ plugin: PluginUnderTest, type name: String? = nil, examples: [InvariantExample] = [], sample: JSONValue? = nil
  ) async throws -> ConformanceReport {
    let type = try await plugin.type(.invariant, name)
    let sample = sample ?? examples.first?.parameters ?? SchemaSample.value(type.parameters) ?? [:]
    let work = WorkConformance(
      plugin: plugin, type: type, operation: "evaluate", sample: sample,
      body: { try WorkRequest(type, $0, on: $1).json }, checkReply: { _ = try score($0) })
    let cases = examples.enumerated().map { index, example in
      ConformanceCase.holds("example \(index + 1), \(example.parameters.text), \(example.verdict)") {
        try await run(example, work)
      }
    }
    return await ConformanceCase.report("invariant \(type.type)", cases + work.cases)
  }

  private static func score(_ reply: JSONValue) throws -> Score {
    let score = try JSONValueDecoder().decode(Score.self, from: reply)
    try expect(score.value.isFinite && (0...1).contains(score.value), "its score is \(score.value), not from 0 to 1")
    try expect(!score.reason.isEmpty, "its score has no reason")
    return score
  }

  private static func run(_ example: InvariantExample, _ work: WorkConformance) async throws {
    let host = try await TestHost(
      files: example.files, agent: example.agent, audit: example.audit, trace: example.trace,
      recordings: example.recordings, responses: example.responses)
    if work.type.capabilities.contains("prepare") {
      let request = try WorkRequest(work.type, example.parameters, on: host).json
      _ = try await work.plugin.call("\(work.type.point.interface).prepare", request, on: host)
    }
    try await example.prepare(host)
    let found: Score
    do {
      found = try score(try await work.call(example.parameters, on: host))
    } catch let error as PluginError {
      if example.verdict == .cannotJudge(error.code) { return }
      throw Mismatch("it could not judge (`\(error.code)`): \(error.message)")
    }
    let isRight =
      switch example.verdict {
      case .passes: found.isPassed
      case .fails: !found.isPassed
      case .scores(let value): abs(found.value - value) < 1e-9
      case .cannotJudge: false
      }
    try expect(isRight, "it scored \(found.value), \(found.isPassed ? "passed" : "not passed"): \(found.reason)")
  }
}

/// A trajectory with a known verdict, for ``ForbiddenRuleConformance``.
public struct RuleExample: Sendable {
  var violations: Int
  var parameters: JSONValue
  var files: [String: String]
  var agent: AgentOutcome?
  var audit: [AuditRecord]
  var trace: [TraceRecord]
  var change: @Sendable (TestHost) async throws -> Void

  /// A trajectory.
  ///
  /// - Parameters:
  ///   - violations: How many violations the rule must find.
  ///   - parameters: What a spec says for the rule.
  ///   - files: The files of the workspace before the agent.
  ///   - agent: What the agent did.
  ///   - audit: What was recorded of the agent.
  ///   - trace: What the agent reported of itself.
  ///   - change: What the agent does to the sandbox.
  public init(
    violations: Int, _ parameters: JSONValue = [:], files: [String: String] = [:], agent: AgentOutcome? = nil,
    audit: [AuditRecord] = [], trace: [TraceRecord] = [],
    change: @escaping @Sendable (TestHost) async throws -> Void = { _ in }
  ) {
    self.violations = violations
    self.parameters = parameters
    self.files = files
    self.agent = agent
    self.audit = audit
    self.trace = trace
    self.change = change
  }
}

/// The acceptance test of a ``ForbiddenRule``: one call in the test of a type.
public enum ForbiddenRuleConformance {
  /// Tests a type; throws ``ConformanceFailure`` with everything it does wrong.
  public static func check<T: ForbiddenRule>(_ type: T.Type, examples: [RuleExample]) async throws {
    try await report(PluginUnderTest(Plugin("under-test", version: "1.0.0", type)), examples: examples).check()
  }

  /// Tests the rule `type` of a plugin, the only one when it is `nil`.
  public static func report(
    _ plugin: PluginUnderTest, type name: String? = nil, examples: [RuleExample] = [], sample: JSONValue? = nil
  ) async throws -> ConformanceReport {
    let type = try await plugin.type(.forbidden, name)
    let sample = sample ?? examples.first?.parameters ?? SchemaSample.value(type.parameters) ?? [:]
    let work = WorkConformance(
      plugin: plugin, type: type, operation: "evaluate", sample: sample,
      body: { try WorkRequest(type, $0, on: $1).json }, checkReply: { _ = try violations($0) })
    var cases = examples.enumerated().map { index, example in
      ConformanceCase.holds("example \(index + 1), \(example.parameters.text), \(example.violations) violations") {
        try await run(example, work)
      }
    }
    cases.append(
      .holds("it finds nothing where nothing was done") {
        let host = try await TestHost()
        let found = try violations(try await work.call(sample, on: host))
        try expect(found.isEmpty, "it found: \(found.map(\.message).joined(separator: "; "))")
      })
    cases.append(
      .holds("it names what it must observe") {
        try expect(!type.sources.isEmpty, "its `sources` are empty, so the host would observe nothing for it")
      })
    return await ConformanceCase.report("forbidden \(type.type)", cases + work.cases)
  }

  private static func violations(_ reply: JSONValue) throws -> [Violation] {
    let found = try JSONValueDecoder().decode(RuleReply.self, from: reply).violations
    for violation in found { try expect(!violation.message.isEmpty, "a violation has no message") }
    return found
  }

  private static func run(_ example: RuleExample, _ work: WorkConformance) async throws {
    let host = try await TestHost(
      files: example.files, agent: example.agent, audit: example.audit, trace: example.trace)
    try await example.change(host)
    let found = try violations(try await work.call(example.parameters, on: host))
    let list = found.isEmpty ? "nothing" : found.map(\.message).joined(separator: "; ")
    try expect(found.count == example.violations, "it found \(found.count): \(list)")
    for number in found.compactMap(\.record) {
      try expect((1...max(1, example.audit.count)).contains(number), "it names record \(number), which does not exist")
    }
  }
}
