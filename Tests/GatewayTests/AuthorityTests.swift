import NIOSSL
import Testing

@testable import KeystoneGateway

/// The sandbox's own certificate authority.
@Suite struct AuthorityTests {
  @Test func eachSandboxHasAnAuthorityOfItsOwnThatVouchesForItsNames() throws {
    let one = try SandboxAuthority(sandboxID: "one")
    let two = try SandboxAuthority(sandboxID: "two")
    #expect(one.certificate != two.certificate && one.certificate.hasPrefix("-----BEGIN CERTIFICATE-----"))
    #expect(!one.certificate.contains("PRIVATE"))
    let name = try #require(HostName("api.stripe.com"))
    #expect(try one.context(for: name) === one.context(for: name))
    #expect(try one.context(for: try #require(HostName("other.example.com"))) !== one.context(for: name))
  }
}
