import KeystoneKit
import Testing

@testable import KeystoneGateway
@testable import KeystoneSpec

/// Scripted answers and what is kept of requests.
@Suite struct MockTests {
  static func request(
    _ method: String, _ target: String, body: String = "", headers: [String: String] = [:]
  ) -> MockRequest {
    MockRequest(
      method: method, scheme: "https", host: "api.stripe.com", port: 443, target: target, headers: headers,
      body: Array(body.utf8))
  }

  static func route(
    _ method: String?, _ path: String, _ response: JSONValue, status: Int = 200, times: Int? = nil
  ) -> SpecHTTPRoute {
    SpecHTTPRoute(method: method, path: path, response: response, status: status, headers: [:], times: times)
  }

  static func mock(_ routes: [SpecHTTPRoute], records: Bool = true) -> HTTPMock {
    HTTPMock(name: "payment-api", SpecHTTPMock(defaultResponse: 418, records: records, routes: routes))
  }

  static func ask(_ mock: HTTPMock, _ request: MockRequest) -> (Int, String) {
    let answer = mock.answer(request, phase: "agent", at: "2026-01-01T00:00:00.000Z")
    return (answer.status, String(decoding: answer.body, as: UTF8.self))
  }

  @Test func theFirstRouteThatMatchesAnswers() {
    let mock = Self.mock([
      Self.route("POST", "/v1/charge", "{\"ok\":true}"),
      Self.route("GET", "/v1/charges/{id}", ["id": "x"], status: 201),
      Self.route(nil, "/v1/*/any", "any"), Self.route("GET", "/files/**", "file"),
    ])
    #expect(Self.ask(mock, Self.request("POST", "/v1/charge")) == (200, "{\"ok\":true}"))
    #expect(Self.ask(mock, Self.request("GET", "/v1/charge")).0 == 418)
    #expect(Self.ask(mock, Self.request("GET", "/v1/charges/ch_1?expand=1")) == (201, "{\"id\":\"x\"}"))
    #expect(Self.ask(mock, Self.request("DELETE", "/v1/7/any")) == (200, "any"))
    #expect(Self.ask(mock, Self.request("GET", "/files/a/b/c")) == (200, "file"))
    #expect(Self.ask(mock, Self.request("GET", "/v1/charges/a/b")).0 == 418)
  }

  @Test func aRouteWithTimesGivesWayToTheNext() {
    let mock = Self.mock([
      Self.route("GET", "/x", "busy", status: 503, times: 2), Self.route("GET", "/x", "fine"),
    ])
    #expect((0..<4).map { _ in Self.ask(mock, Self.request("GET", "/x")).0 } == [503, 503, 200, 200])
  }

  @Test func bodiesRepeatPartsOfTheRequest() throws {
    let mock = Self.mock([
      Self.route(
        "POST", "/c/{id}",
        [
          "amount": "{{ request.body.amount }}", "id": "{{ request.segments.id }}", "q": "q={{ request.query.q }}",
          "n": "{{request.count}}", "missing": "{{ request.body.none }}", "other": "{{ other.thing }}",
          "agent": "{{ request.headers.User-Agent }}",
        ])
    ])
    let body = "{\"amount\": 4200}"
    let answer = Self.ask(mock, Self.request("POST", "/c/a%20b?q=1%2B1", body: body, headers: ["user-agent": "curl"])).1
    let value = try JSONValue(parsing: answer)
    #expect(
      value == [
        "amount": 4200, "id": "a b", "q": "q=1+1", "n": 1, "missing": .null, "other": "{{ other.thing }}",
        "agent": "curl",
      ])
  }

  @Test func requestsAreKeptWithTheirParts() throws {
    let mock = Self.mock([Self.route("POST", "/v1/charge", "ok")])
    let form = ["content-type": "application/x-www-form-urlencoded"]
    _ = Self.ask(mock, Self.request("POST", "/v1/charge?a=1&a=2&b", body: "amount=42&to=a%40b", headers: form))
    _ = Self.ask(mock, Self.request("GET", "/other", body: "{\"x\":[1]}"))
    let kept = mock.recordings
    #expect(kept.map(\.sequence) == [1, 2] && kept.map(\.status) == [200, 418])
    #expect(kept.map(\.route) == ["/v1/charge", nil])
    #expect(kept[0].query == ["a": ["1", "2"], "b": ""] && kept[0].json == ["amount": "42", "to": "a@b"])
    #expect(kept[1].json == ["x": [1]])
  }

  @Test func withoutRecordNothingIsKept() {
    let mock = Self.mock([], records: false)
    _ = Self.ask(mock, Self.request("GET", "/"))
    #expect(mock.recordings.isEmpty)
  }

  @Test func whatIsKeptIsBounded() {
    let mock = Self.mock([])
    let large = String(repeating: "x", count: 3 << 20)
    for _ in 0..<40 { _ = Self.ask(mock, Self.request("POST", "/", body: large)) }
    let kept = mock.recordings
    #expect(kept.count == 40 && kept.reduce(0) { $0 + $1.body.utf8.count } <= 33 << 20)
    #expect(kept.allSatisfy { $0.body.utf8.count + $0.omittedBytes == 3 << 20 })
  }

  @Test func bodiesThatAreNoTextAreKeptAsBase64() throws {
    let mock = Self.mock([])
    var request = Self.request("PUT", "/")
    request.body = [0xFF, 0xFE, 0]
    _ = Self.ask(mock, request)
    #expect(mock.recordings[0].isBase64 && mock.recordings[0].body == "//4A")
  }
}
