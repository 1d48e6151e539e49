import KeystoneKit

/// What a conformance suite found, case by case.
public struct ConformanceReport: Sendable, CustomStringConvertible {
  /// How one case ended.
  public enum Outcome: Sendable, Hashable {
    /// It behaves as it must.
    case passed
    /// It does not, and how; one sentence.
    case failed(String)
    /// The case does not apply, and why.
    case skipped(String)
  }

  /// One case.
  public struct Case: Sendable {
    /// The sentence that holds, or does not.
    public var name: String
    /// How it ended.
    public var outcome: Outcome
    /// How long it took.
    public var duration: Duration

    /// A case that has run.
    package init(name: String, outcome: Outcome, duration: Duration) {
      self.name = name
      self.outcome = outcome
      self.duration = duration
    }
  }

  /// What was tested, such as `invariant lines_at_most`.
  public var subject: String
  /// The cases, in the order they ran.
  public var cases: [Case] = []

  /// A report without cases yet.
  package init(subject: String) { self.subject = subject }

  /// The sentences that do not hold, with what was found instead.
  public var failures: [String] {
    cases.compactMap { test in
      guard case .failed(let reason) = test.outcome else { return nil }
      return "\(test.name): \(reason)"
    }
  }

  /// One line per case.
  public var description: String {
    let lines = cases.map { test in
      switch test.outcome {
      case .passed: "  ok    \(test.name)\(test.duration > .seconds(1) ? " (after \(test.duration))" : "")"
      case .failed(let reason): "  FAIL  \(test.name): \(reason)"
      case .skipped(let reason): "  skip  \(test.name): \(reason)"
      }
    }
    return ([subject] + lines).joined(separator: "\n")
  }

  /// Throws ``ConformanceFailure`` unless every sentence holds.
  public func check() throws {
    guard failures.isEmpty else { throw ConformanceFailure(subject: subject, failures: failures) }
  }
}

/// A plugin that does not behave as its extension point demands.
public struct ConformanceFailure: Error, CustomStringConvertible {
  /// What was tested.
  public var subject: String
  /// The sentences that do not hold, with what was found instead.
  public var failures: [String]

  /// Every failure on a line of its own.
  public var description: String {
    "\(subject) does not behave as it must:\n" + failures.map { "  \($0)" }.joined(separator: "\n")
  }
}

/// One sentence about a plugin and the way to find out whether it holds.
struct ConformanceCase: Sendable {
  var name: String
  var run: @Sendable () async throws -> ConformanceReport.Outcome

  init(_ name: String, _ run: @escaping @Sendable () async throws -> ConformanceReport.Outcome) {
    self.name = name
    self.run = run
  }

  /// A sentence that holds unless `run` throws.
  static func holds(_ name: String, _ run: @escaping @Sendable () async throws -> Void) -> ConformanceCase {
    ConformanceCase(name) {
      try await run()
      return .passed
    }
  }

  /// Runs the cases one after another.
  static func report(_ subject: String, _ cases: [ConformanceCase]) async -> ConformanceReport {
    var report = ConformanceReport(subject: subject)
    for test in cases {
      let start = ContinuousClock.now
      let outcome: ConformanceReport.Outcome
      do {
        outcome = try await test.run()
      } catch {
        outcome = .failed(error is Mismatch ? "\(error)" : PluginError(error).message)
      }
      report.cases.append(ConformanceReport.Case(name: test.name, outcome: outcome, duration: start.duration(to: .now)))
    }
    return report
  }
}

/// What was found instead of what was expected.
struct Mismatch: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// Throws unless `condition` holds; `found` says what was found instead.
func expect(_ condition: Bool, _ found: @autoclosure () -> String) throws {
  if !condition { throw Mismatch(found()) }
}
