import Glibc
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

  @Test(
    .enabled(
      if: getenv("KEYSTONE_TEST_DOCKER") != nil,
      "there is no Docker Engine: run Tests/Engine/engine.sh start, and set KEYSTONE_TEST_DOCKER"))
  func docker() async throws {
    let address = getenv("KEYSTONE_TEST_DOCKER").map { String(cString: $0) } ?? ""
    let plugin = try Builtin.load(
      "docker", settings: ["docker-host": .string(address), "default-base": "keystone-test/debian:12"])
    let report = try await RuntimeConformance.report(plugin, type: "docker")
    #expect(report.cases.count > 60, "\(report)")
    try report.check()
  }

  @Test(
    .enabled(
      if: getenv("KEYSTONE_TEST_PODMAN") != nil,
      "there is no Podman: set KEYSTONE_TEST_PODMAN to the socket of a `podman system service` that has keystone-test/debian:12"
    ))
  func podman() async throws {
    let address = getenv("KEYSTONE_TEST_PODMAN").map { String(cString: $0) } ?? ""
    let plugin = try Builtin.load(
      "docker", settings: ["podman-host": .string(address), "default-base": "keystone-test/debian:12"])
    let report = try await RuntimeConformance.report(plugin, type: "podman")
    #expect(report.cases.count > 60, "\(report)")
    try report.check()
  }
}
