import Foundation
import KeystoneOutbound
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
  /// A folder with a key and its self-signed certificate for 127.0.0.1.
  final class Authority {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keystone-tls-\(UUID().uuidString)")
    var both: String { folder.appendingPathComponent("both.pem").path }

    init() throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try TestServer.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", both, "-out", both + ".crt",
      ])
      let certificate = try Data(contentsOf: URL(fileURLWithPath: both + ".crt"))
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: both))
      try file.seekToEnd()
      try file.write(contentsOf: certificate)
      try file.close()
    }

    deinit {
      try? FileManager.default.removeItem(at: folder)
    }
  }

  @Test func aServerNobodyVouchesForIsRefused() async throws {
    let authority = try Authority()
    let server = try TestServer(certificate: authority.both)
    await #expect { try await HTTPClient(policy: .anywhere).send(HTTPRequest("GET", server.base + "/echo")) } throws: {
      ($0 as? HTTPFailure)?.code == .tls
    }
  }

  @Test func anAuthorityOfTheOperatorIsTrustedForItsNameOnly() async throws {
    let authority = try Authority()
    let server = try TestServer(certificate: authority.both)
    let client = HTTPClient(policy: .anywhere, authorities: authority.both)
    #expect(try await client.send(HTTPRequest("GET", server.base + "/echo")).status == 200)
    let other = server.base.replacingOccurrences(of: "127.0.0.1", with: "localhost")
    await #expect { try await client.send(HTTPRequest("GET", other + "/echo")) } throws: {
      ($0 as? HTTPFailure)?.code == .tls
    }
  }
}
