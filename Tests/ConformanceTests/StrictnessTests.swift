import KeystoneKit
import KeystoneTestKit
import Testing

/// A suite that cannot fail proves nothing: types that do one thing wrong, and the sentence that says so.
@Suite struct StrictnessTests {
  private func failures<T: Invariant>(of type: T.Type, _ examples: [InvariantExample] = []) async throws -> String {
    let plugin = try PluginUnderTest(Plugin("wrong", version: "1.0.0", type))
    return try await InvariantConformance.report(plugin, examples: examples, sample: ["path": "a"]).failures
      .joined(separator: "\n")
  }

  @Test func aScoreOutsideOfItsRangeIsFound() async throws {
    #expect(try await failures(of: ScoresTwo.self).contains("its score is 2.0, not from 0 to 1"))
  }

  @Test func aScoreInPlaceOfAnErrorIsFound() async throws {
    #expect(try await failures(of: HidesErrors.self).contains("although nothing it asked for could be had"))
  }

  @Test func deafnessToCancellationIsFound() async throws {
    #expect(try await failures(of: Deaf.self).contains("it did not answer within two seconds and was given up"))
  }

  @Test func aChangingAnswerIsFound() async throws {
    #expect(try await failures(of: Fickle.self).contains("it answers the same twice: first"))
  }

  @Test func aWrongVerdictIsFound() async throws {
    let found = try await failures(of: HidesErrors.self, [InvariantExample(.passes, ["path": "none"])])
    #expect(found.contains("example 1") && found.contains("it scored 0.0, not passed"))
  }

  @Test func theFailureNamesEverySentence() async throws {
    await #expect(throws: ConformanceFailure.self) {
      try await InvariantConformance.check(ScoresTwo.self, examples: [])
    }
  }
}

private struct PathParameters: ParameterSet {
  @Parameter("A path.", examples: ["a"]) var path: String
}

private struct ScoresTwo: Invariant {
  typealias Parameters = PathParameters
  static let type = "scores_two"
  static let summary = "Scores two."
  func evaluate(_ parameters: PathParameters, in context: CheckContext) -> Score { Score(2, reason: "too much") }
}

private struct HidesErrors: Invariant {
  typealias Parameters = PathParameters
  static let type = "hides_errors"
  static let summary = "Takes every error for a missing file."
  func evaluate(_ parameters: PathParameters, in context: CheckContext) async -> Score {
    (try? await context.sandbox.read(SandboxPath(parameters.path))) == nil ? .fail("no file") : .pass("a file")
  }
}

private struct Deaf: Invariant {
  typealias Parameters = PathParameters
  static let type = "deaf"
  static let summary = "Asks again for as long as it takes, whatever happens."
  func evaluate(_ parameters: PathParameters, in context: CheckContext) async throws -> Score {
    let end = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < end {
      await Task.detached { _ = try? await context.sandbox.status(of: SandboxPath("a")) }.value
      if !Task.isCancelled { break }
    }
    return .pass("looked")
  }
}

private struct Fickle: Invariant {
  typealias Parameters = PathParameters
  static let type = "fickle"
  static let summary = "Says something else each time."
  func evaluate(_ parameters: PathParameters, in context: CheckContext) -> Score {
    .pass("\(UInt64.random(in: 0 ... .max))")
  }
}
