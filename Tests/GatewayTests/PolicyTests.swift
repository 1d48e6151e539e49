import KeystoneSandbox
import Testing

@testable import KeystoneGateway
@testable import KeystoneSpec

/// What names lead to.
@Suite struct PolicyTests {
  static func policy(
    allow: [String] = [], egress: SpecNetwork.Policy = .deny, overrides: [String: String] = [:], api: String? = nil,
    isCallersOwn: Bool = true
  ) throws -> EgressPolicy {
    let network = SpecNetwork(egress: .init(policy: egress, allow: allow), dnsOverrides: overrides)
    let mock = SpecService(
      name: "payment-api", ports: [9090],
      kind: .httpMock(SpecHTTPMock(defaultResponse: 200, records: true, routes: [])))
    return try EgressPolicy(
      GatewayPlan(
        sandboxID: "s", network: network, services: [mock], isCallersOwn: isCallersOwn, apiSocket: api, record: { _ in }
      ))
  }

  static func decide(_ policy: EgressPolicy, _ host: String, _ port: Int?, isOpen: Bool = false) throws -> Decision {
    policy.decide(try #require(HostName(host)), port: port, isOpen: isOpen)
  }

  @Test(arguments: [
    ("github.com", 443, true), ("GitHub.COM.", 80, true), ("api.github.com", 443, false),
    ("evil-github.com", 443, false),
    ("a.example.com", 443, true), ("a.b.example.com", 443, true), ("example.com", 443, false),
    ("notexample.com", 443, false), ("db.corp", 5432, true), ("db.corp", 5433, false), ("10.1.2.3", 80, true),
    ("10.1.2.4", 80, false),
  ])
  func onlyNamedHostsAreReached(_ host: String, _ port: Int, _ isReached: Bool) throws {
    let policy = try Self.policy(allow: ["github.com", "*.example.com", "db.corp:5432", "10.1.2.3"])
    let decision = try Self.decide(policy, host, port)
    if case .allowed(.outside) = decision { #expect(isReached) } else { #expect(!isReached, "\(decision)") }
  }

  @Test func hostsOfTheAgentAreReachedBesideThoseOfTheSpec() throws {
    let policy = try Self.policy(allow: ["github.com"])
    let further = [try EgressPolicy.rule("api.example.com:443", in: "auth.egress")]
    let host = try #require(HostName("api.example.com"))
    let expected = Decision.allowed(.outside(Outside(host: host)))
    #expect(policy.decide(host, port: 443, isOpen: false, further: further) == expected)
    guard case .denied = policy.decide(host, port: 80, isOpen: false, further: further) else {
      throw ExpectationFailure()
    }
    guard case .denied = try Self.decide(policy, "api.example.com", 443) else { throw ExpectationFailure() }
  }

  @Test func servicesHaveTwoNamesAndTheirPortsOnly() throws {
    let policy = try Self.policy()
    for name in ["payment-api", "PAYMENT-API", "payment-api.services.internal"] {
      #expect(try Self.decide(policy, name, 9090) == .allowed(.mock("payment-api")))
      #expect(try Self.decide(policy, name, nil) == .allowed(.mock("payment-api")))
      guard case .denied = try Self.decide(policy, name, 80) else { throw ExpectationFailure() }
    }
    guard case .denied = try Self.decide(policy, "other.services.internal", 80, isOpen: true) else {
      throw ExpectationFailure()
    }
  }

  @Test func overridesWinOverEverythingAndOnEveryPort() throws {
    let policy = try Self.policy(
      egress: .allow, overrides: ["api.stripe.com": "payment-api.services.internal", "x.example": "127.0.0.1:8081"])
    #expect(try Self.decide(policy, "api.stripe.com", 443, isOpen: true) == .allowed(.mock("payment-api")))
    let address = try #require(HostName("127.0.0.1"))
    let expected = Outside(host: address, port: 8081, mayBePrivate: true, isRedirected: true)
    #expect(try Self.decide(policy, "x.example", 443) == .allowed(.outside(expected)))
  }

  @Test func onlyTheCallersOwnSpecNamesPrivateAddresses() throws {
    let policy = try Self.policy(overrides: ["x.example": "169.254.169.254"], isCallersOwn: false)
    guard case .allowed(.outside(let outside)) = try Self.decide(policy, "x.example", 80) else {
      throw ExpectationFailure()
    }
    #expect(!outside.mayBePrivate)
  }

  @Test func setupMayGoAnywherePublic() throws {
    let policy = try Self.policy()
    #expect(
      try Self.decide(policy, "host.org", 443, isOpen: true)
        == .allowed(.outside(Outside(host: try #require(HostName("host.org"))))))
    guard case .denied = try Self.decide(policy, "host.org", 443) else { throw ExpectationFailure() }
  }

  @Test func theAPIHasItsNameOnlyWhereItIsServed() throws {
    #expect(try Self.decide(Self.policy(api: "/run/x"), "keystone.internal", 80) == .allowed(.api))
    guard case .denied = try Self.decide(Self.policy(), "keystone.internal", 80) else { throw ExpectationFailure() }
  }

  @Test(arguments: ["0177.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "1.2.3", "1.2.3.256", "01.2.3.4"])
  func strangeAddressesAreNoAddresses(_ text: String) { #expect(IPv4Address(text) == nil) }
}

/// A decision that is not the expected one.
struct ExpectationFailure: Error {}
