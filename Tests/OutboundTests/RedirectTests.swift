import KeystoneOutbound
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedirectTests {
  let first: TestServer
  let second: TestServer
  let client = HTTPClient(policy: .anywhere)

  init() throws {
    first = try TestServer()
    second = try TestServer()
  }

  @Test func aRedirectIsOnlyFollowedWhenAsked() async throws {
    let url = first.base + "/redirect?to=/echo"
    #expect(try await client.send(HTTPRequest("GET", url)).status == 302)
    let followed = try await client.send(HTTPRequest("GET", url, headers: [("X-Key", "k")], followRedirects: true))
    #expect(followed.text.contains("x-key: k"))
  }

  @Test(arguments: [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
  func theMethodAfterARedirectIsTheStandards(code: Int, method: String) async throws {
    let url = first.base + "/redirect?to=/echo&code=\(code)"
    let response = try await client.send(HTTPRequest("POST", url, body: Array("body".utf8), followRedirects: true))
    #expect(response.text.hasPrefix(method + "\n"))
    #expect(response.text.hasSuffix("body") == (method == "POST"))
  }

  @Test func noCredentialGoesToAnotherOrigin() async throws {
    let headers = [("Authorization", "a"), ("X-Api-Key", "b"), ("Cookie", "c"), ("Accept", "text/plain")]
    let url = "\(first.base)/redirect?to=\(second.base)/echo"
    let response = try await client.send(HTTPRequest("GET", url, headers: headers, followRedirects: true))
    for name in ["authorization", "x-api-key", "cookie"] { #expect(!response.text.contains(name)) }
    #expect(response.text.contains("accept: text/plain"))
  }

  @Test func aCircleOfRedirectsEnds() async throws {
    await #expect { try await client.send(HTTPRequest("GET", first.base + "/circle", followRedirects: true)) } throws: {
      ($0 as? HTTPFailure)?.message.contains("10 times") == true
    }
  }

  @Test func aRedirectToAFileIsRefused() async throws {
    let url = first.base + "/redirect?to=file:///etc/passwd"
    await #expect { try await client.send(HTTPRequest("GET", url, followRedirects: true)) } throws: {
      ($0 as? HTTPFailure)?.code == .malformed
    }
  }

  @Test func aRedirectToAPrivateAddressIsRefused() async throws {
    let tenant = HTTPClient(policy: .publicOnly(except: [try Origin(first.base)]))
    let url = "\(first.base)/redirect?to=\(second.base)/echo"
    await #expect { try await tenant.send(HTTPRequest("GET", url, followRedirects: true)) } throws: { error in
      (error as? HTTPFailure)?.code == .forbidden
    }
    #expect(try await client.send(HTTPRequest("GET", second.base + "/connections")).text == "1")
  }
}
