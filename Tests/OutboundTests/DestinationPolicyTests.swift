import Testing

@testable import KeystoneOutbound

@Suite(.timeLimit(.minutes(1)))
struct DestinationPolicyTests {
  @Test(arguments: [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "168.63.129.16",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:8.8.8.8",
    "::ffff:127.0.0.1", "::8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:db8::1", "2002:7f00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1", "4000::1", "e000::1",
  ])
  func reservedAddressesAreNotPublic(text: String) throws {
    let address = try #require(NetworkAddress(text))
    #expect(address.unreachableFromOutside != nil)
  }

  @Test(arguments: [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.0.1", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.1.1", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.17", "2606:4700::1111", "2001:4860:4860::8888",
    "2003::1", "2a00:1450::1", "3ffe::1",
  ])
  func theirNeighboursArePublic(text: String) throws {
    let address = try #require(NetworkAddress(text))
    #expect(address.unreachableFromOutside == nil)
    #expect(address.description == text)
  }

  @Test func whatIsNoAddressIsNotRead() {
    for text in ["", "localhost", "1.2.3", "1.2.3.4.5", ":::", "12345::"] {
      #expect(NetworkAddress(text) == nil)
    }
  }

  @Test func anOriginCoversWhatItSays() throws {
    func covers(_ origin: String, _ url: String) throws -> Bool { try Origin(origin).covers(URLParts(url)) }
    #expect(try covers("https://Judge.Example.", "https://judge.example/v1?x"))
    #expect(try covers("https://judge.example/v1/chat", "https://judge.example:443/other"))
    #expect(try covers("judge.example:8080", "http://judge.example:8080/"))
    #expect(try covers("judge.example", "https://judge.example/"))
    #expect(try covers("[::1]:90", "http://[::1]:90/"))
    #expect(try !covers("judge.example", "https://judge.example:8443/"))
    #expect(try !covers("https://judge.example", "http://judge.example/"))
    #expect(try !covers("https://judge.example", "https://judge.example.evil/"))
    #expect(try !covers("https://judge.example", "https://judge.example@evil/"))
    #expect(try !covers("judge.example:8080", "http://judge.example:8081/"))
    #expect(throws: HTTPFailure.self) { try Origin("ftp://x") }
    #expect(throws: HTTPFailure.self) { try Origin("") }
  }

  @Test(arguments: [
    "127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]",
    "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "user@127.0.0.1",
  ])
  func loopbackIsRefusedHoweverItIsSpelled(host: String) async throws {
    let server = try TestServer()
    let port = try #require(server.base.split(separator: ":").last)
    let tenant = HTTPClient(policy: .publicOnly())
    await #expect { try await tenant.send(HTTPRequest("GET", "http://\(host):\(port)/echo")) } throws: { error in
      guard let failure = error as? HTTPFailure else { return false }
      return failure.code == .forbidden && failure.message.contains(":\(port)") && failure.message.contains("operator")
    }
    let seen = try await HTTPClient(policy: .anywhere).send(HTTPRequest("GET", server.base + "/connections"))
    #expect(seen.text == "1")
  }

  @Test func whatTheOperatorNamedIsReachable() async throws {
    let server = try TestServer()
    let tenant = HTTPClient(policy: .publicOnly(except: [try Origin(server.base)]))
    #expect(try await tenant.send(HTTPRequest("GET", server.base + "/echo")).status == 200)
  }

  @Test func anOpenConnectionGivesNoRightsToTheNextRequest() async throws {
    let server = try TestServer()
    let client = HTTPClient(policy: .publicOnly())
    let judge = HTTPRequest("GET", server.base + "/connections", allowing: [try Origin(server.base)])
    #expect(try await client.send(judge).text == "1")
    await #expect { try await client.send(HTTPRequest("GET", server.base + "/connections")) } throws: {
      ($0 as? HTTPFailure)?.code == .forbidden
    }
    #expect(try await client.send(judge).status == 200)
  }
}
