import Foundation
import KeystoneOutbound
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
  let server: TestServer
  let client = HTTPClient(policy: .anywhere)

  init() throws {
    server = try TestServer()
  }

  func failure(_ request: HTTPRequest) async -> HTTPFailure? {
    do throws(HTTPFailure) {
      _ = try await client.send(request)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "PURGE"])
  func methodHeadersAndBodyArriveAsGiven(method: String) async throws {
    let body: [UInt8] = [0, 255, 10, 13, 0] + Array("{}".utf8)
    let response = try await client.send(
      HTTPRequest(method, server.base + "/echo?a=1", headers: [("X-Key", "väl ue"), ("X-Empty", "")], body: body))
    #expect(response.status == 200)
    let head = "\(method)\nhost: \(server.base.dropFirst(7))\n"
    #expect(response.text.hasPrefix(head))
    #expect(response.text.contains("content-length: 7\n"))
    #expect(response.text.contains("x-empty: \n"))
    #expect(!response.text.contains("content-type"))
    #expect(!response.text.contains("expect"))
    #expect(response.body.suffix(7) == body[...])
  }

  @Test func headHasHeadersAndNoBody() async throws {
    let response = try await client.send(HTTPRequest("HEAD", server.base + "/bytes?count=1000"))
    #expect(response.header("CONTENT-LENGTH") == "1000")
    #expect(response.body.isEmpty)
  }

  @Test func aPostWithoutBodySaysSo() async throws {
    let response = try await client.send(HTTPRequest("POST", server.base + "/echo"))
    #expect(response.text.contains("content-length: 0\n"))
  }

  @Test func lengthAndFramingHeadersOfTheCallerAreLeftOut() async throws {
    let headers = [("Content-Length", "999"), ("transfer-encoding", "chunked")]
    let response = try await client.send(
      HTTPRequest("POST", server.base + "/echo", headers: headers, body: Array("abc".utf8)))
    #expect(response.text.contains("content-length: 3\n"))
    #expect(!response.text.contains("chunked"))
  }

  @Test func repeatedHeadersAreKeptInOrder() async throws {
    let response = try await client.send(HTTPRequest("GET", server.base + "/echo"))
    #expect(response.headers.filter { $0.name == "X-Twice" }.map(\.value) == ["a", "b"])
  }

  @Test(arguments: [204, 404, 500])
  func anErrorStatusIsAResponse(status: Int) async throws {
    let response = try await client.send(HTTPRequest("GET", server.base + "/status?code=\(status)"))
    #expect(response.status == status)
  }

  @Test func aBodyAtTheLimitComesWholeAndOneByteMoreFails() async throws {
    let limit = 3 << 20
    let whole = try await client.send(
      HTTPRequest("GET", server.base + "/bytes?count=\(limit)", maximumResponseBytes: limit))
    #expect(whole.body.count == limit)
    let tooLarge = await failure(
      HTTPRequest("GET", server.base + "/bytes?count=\(limit + 1)", maximumResponseBytes: limit))
    #expect(tooLarge?.code == .tooLarge)
    #expect(tooLarge?.message.contains("\(limit) bytes") == true)
  }

  @Test func aServerThatStallsIsLeftAtTheTimeout() async throws {
    let started = ContinuousClock.now
    let stalled = await failure(HTTPRequest("GET", server.base + "/hang", timeout: .milliseconds(300)))
    #expect(stalled?.code == .timeout)
    #expect(started.duration(to: .now) < .seconds(60))
    #expect(await failure(HTTPRequest("GET", server.base + "/echo", timeout: .zero))?.code == .timeout)
  }

  @Test func cancellingTheTaskClosesTheConnection() async throws {
    let task = Task { await failure(HTTPRequest("GET", server.base + "/hang", timeout: .seconds(600))) }
    // The server has the first connection before it answers on another one.
    while try await client.send(HTTPRequest("GET", server.base + "/connections")).text == "1" {}
    task.cancel()
    #expect(await task.value?.code == .cancelled)
    #expect(try await client.send(HTTPRequest("GET", server.base + "/closed")).text == "closed")
  }

  @Test func aTaskCancelledBeforehandSendsNothing() async throws {
    let base = server.base
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await failure(HTTPRequest("GET", base + "/hang", timeout: .seconds(600)))
    }
    #expect(await task.value?.code == .cancelled)
  }

  @Test func fiftyRequestsAreInFlightAtOnce() async throws {
    let answers = await withTaskGroup(of: String?.self) { group in
      for _ in 0..<50 {
        group.addTask { try? await client.send(HTTPRequest("GET", server.base + "/together")).text }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers == Array(repeating: "together", count: 50))
  }

  @Test func aConnectionIsUsedAgain() async throws {
    for _ in 0..<10 {
      #expect(try await client.send(HTTPRequest("GET", server.base + "/connections")).text == "1")
    }
  }

  @Test func aClosedPortIsNamed() async throws {
    let refused = await failure(HTTPRequest("GET", "http://127.0.0.1:1/"))
    #expect(refused?.code == .connect)
    #expect(refused?.message.contains("127.0.0.1:1") == true)
  }

  @Test func aNameWithoutAddressIsNamed() async throws {
    let unknown = await failure(HTTPRequest("GET", "http://nothing.invalid/"))
    #expect(unknown?.code == .resolve)
    #expect(unknown?.message.contains("nothing.invalid") == true)
  }

  @Test func whatIsNotHTTPIsAProtocolFailure() async throws {
    #expect(await failure(HTTPRequest("GET", server.base + "/garbage"))?.code == .protocol)
  }

  @Test(arguments: ["", "no url", "http://", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/", "http://a b/"])
  func onlyReadableWebAddressesAreSent(url: String) async throws {
    #expect(await failure(HTTPRequest("GET", url))?.code == .malformed)
  }

  @Test func headersAndMethodsCannotBeSmuggled() async throws {
    let url = server.base + "/echo"
    #expect(await failure(HTTPRequest("GET /x HTTP/1.1\r\n", url))?.code == .malformed)
    #expect(await failure(HTTPRequest("GET", url, headers: [("A", "b\r\nC: d")]))?.code == .malformed)
    #expect(await failure(HTTPRequest("GET", url, headers: [("A: b\r\nC", "d")]))?.code == .malformed)
    #expect(await failure(HTTPRequest("GET", url, headers: [("A", "b\0c")]))?.code == .malformed)
  }

  @Test func noSecretOfAURLIsInAFailure() async throws {
    let malformed = await failure(HTTPRequest("GET", "ftp://user:hunter2@host/path?token=hunter3"))
    #expect(malformed?.message.contains("ftp://host/path") == true)
    #expect(malformed?.message.contains("hunter") == false)
  }

  @Test func aClientThatIsGoneLeavesNoThread() async throws {
    let threads = { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
    for _ in 0..<100 {
      let short = HTTPClient(policy: .anywhere)
      #expect(try await short.send(HTTPRequest("GET", server.base + "/echo")).status == 200)
    }
    let end = ContinuousClock.now + .seconds(30)
    while try threads() > 80 {
      try #require(ContinuousClock.now < end, "threads are left")
      try await Task.sleep(for: .milliseconds(2))
    }
  }
}
