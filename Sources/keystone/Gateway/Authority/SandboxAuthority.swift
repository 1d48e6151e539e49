import Crypto
import Foundation
import KeystoneKit
import NIOSSL
import SwiftASN1
import X509

/// The certificate authority of one sandbox, whose key never leaves the host.
///
/// It vouches only for names that the spec's mocks and overrides answer for.
final class SandboxAuthority: Sendable {
  /// The certificate that programs in the sandbox have to trust, as PEM.
  let certificate: String
  private let key: Certificate.PrivateKey
  private let issuer: DistinguishedName
  /// One key for all names of the sandbox: it is made once, and it protects nothing but this sandbox's own traffic.
  private let leafKey: P256.Signing.PrivateKey
  private let contexts = Locked<[HostName: NIOSSLContext]>([:])

  /// The most names that contexts are kept for; beyond, they are made anew.
  private static let kept = 1024

  /// An authority for the sandbox of that id.
  init(sandboxID: String) throws {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    self.key = key
    leafKey = P256.Signing.PrivateKey()
    issuer = try DistinguishedName {
      CommonName("Keystone sandbox \(sandboxID)")
      OrganizationName("Keystone")
    }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: Self.start,
      notValidAfter: Self.end, issuer: issuer, subject: issuer,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        SubjectKeyIdentifier(hash: key.publicKey)
      }, issuerPrivateKey: key)
    self.certificate = try certificate.serializeAsPEM().pemString + "\n"
  }

  // A sandbox may believe in another time (`determinism.clock`), so the dates are wide.
  private static let start = Date(timeIntervalSince1970: 0)
  private static let end = Date(timeIntervalSince1970: 253_000_000_000)

  /// What a TLS server needs to be `name`.
  func context(for name: HostName) throws -> NIOSSLContext {
    if let context = contexts.withLock({ $0[name] }) { return context }
    let context = try makeContext(for: name)
    contexts.withLock { if $0.count < Self.kept { $0[name] = context } }
    return context
  }

  private func makeContext(for name: HostName) throws -> NIOSSLContext {
    let publicKey = Certificate.PublicKey(leafKey.publicKey)
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey, notValidBefore: Self.start,
      notValidAfter: Self.end, issuer: issuer,
      subject: try DistinguishedName { CommonName(String(name.text.prefix(64))) },
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames([.dnsName(name.text)])
        AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier)
      }, issuerPrivateKey: key)
    let chain = try NIOSSLCertificate(bytes: Array(certificate.serializeAsPEM().derBytes), format: .der)
    let privateKey = try NIOSSLPrivateKey(bytes: Array(leafKey.derRepresentation), format: .der)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: [.certificate(chain)], privateKey: .privateKey(privateKey))
    configuration.applicationProtocols = ["http/1.1"]
    configuration.minimumTLSVersion = .tlsv12
    return try NIOSSLContext(configuration: configuration)
  }
}
