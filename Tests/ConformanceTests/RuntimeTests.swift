import KeystoneKit
import KeystoneTestKit
import Testing

/// The fake of the test kit and the runtime `local` against the same suite.
@Suite struct RuntimeTests {
  @Test func fake() async throws { try await RuntimeConformance.check(FakeRuntime.self) }

  @Test func local() async throws {
    let report = try await RuntimeConformance.report(Builtin.load("local"))
    #expect(report.cases.count > 60, "\(report)")
    try report.check()
  }
}
