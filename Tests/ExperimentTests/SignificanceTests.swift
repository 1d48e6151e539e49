import Testing

@testable import KeystoneExperiment

struct SignificanceTests {
  /// From R: `fisher.test(matrix(c(8, 0, 0, 8), 2))`, and so on.
  @Test(arguments: [
    (8, 8, 0, 8, 0.0001554), (1, 1, 0, 1, 1.0), (9, 10, 4, 10, 0.05728), (5, 5, 5, 5, 1.0), (3, 4, 1, 4, 0.4857),
  ])
  func fisherAgreesWithKnownValues(_ first: Int, _ firstTotal: Int, _ second: Int, _ secondTotal: Int, _ known: Double)
  {
    let found = SignificanceTest.fisher(passed: first, of: firstTotal, passed: second, of: secondTotal)
    #expect(abs(found - known) < 0.0001)
  }

  @Test func equalSamplesAreNoDifferenceAndDistantOnesAre() {
    let sample = (1...20).map(Double.init)
    #expect(SignificanceTest.mannWhitney(sample, sample) > 0.9)
    #expect(SignificanceTest.mannWhitney(sample, sample.map { $0 + 100 }) < 0.001)
    #expect(SignificanceTest.mannWhitney([], sample) == 1)
    #expect(SignificanceTest.mannWhitney([3, 3, 3], [3, 3, 3]) == 1)
  }
}
