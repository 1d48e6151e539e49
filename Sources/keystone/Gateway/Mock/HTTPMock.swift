import KeystoneKit
import KeystoneSpec

/// A scripted HTTP responder: what it answers, and what it was asked.
final class HTTPMock: Sendable {
  private struct Route: Sendable {
    var method: String?
    var path: RoutePath
    var body: MockBody
    var status: Int
    var headers: [String: String]
    var delay: Duration?
    var fault: SpecHTTPFault?
    var times: Int?
  }

  private struct State {
    var count = 0
    var uses: [Int]
    var kept: [RecordedRequest] = []
    var keptBytes = 0
    var isClosed = false
  }

  /// The largest body that is read; what is kept of it for assertions is less.
  static let largestBody = 16 << 20
  private static let keptOfBody = 1 << 20
  private static let keptBytes = 32 << 20
  private static let keptRequests = 50_000

  let name: String
  /// Whether requests are kept.
  let records: Bool
  private let defaultStatus: Int
  private let routes: [Route]
  private let state: Locked<State>

  /// The responder that a spec describes.
  init(name: String, _ mock: SpecHTTPMock) {
    self.name = name
    records = mock.records
    defaultStatus = mock.defaultResponse
    routes = mock.routes.map { route in
      Route(
        method: route.method, path: RoutePath(route.path), body: MockBody(route.response), status: route.status,
        headers: route.headers, delay: route.delay, fault: route.fault, times: route.times)
    }
    state = Locked(State(uses: routes.map { _ in 0 }))
  }

  /// What was kept, in order.
  var recordings: [RecordedRequest] { state.withLock { $0.kept } }

  /// Answers a request and keeps it.
  func answer(_ request: MockRequest, phase: String, at timestamp: String) -> MockAnswer {
    let (count, index) = state.withLock { state in
      state.count += 1
      let index = routes.indices.first { index in
        let route = routes[index]
        guard route.method.map({ $0 == request.method }) ?? true, route.path.match(request.path) != nil else {
          return false
        }
        return route.times.map { state.uses[index] < $0 } ?? true
      }
      if let index { state.uses[index] += 1 }
      return (state.count, index)
    }
    let route = index.map { routes[$0] }
    let answer = self.answer(request, route, count)
    keep(request, count, phase, timestamp, status: answer.fault == nil ? answer.status : 0, route: route?.path.text)
    return answer
  }

  private func answer(_ request: MockRequest, _ route: Route?, _ count: Int) -> MockAnswer {
    guard let route else {
      return MockAnswer(status: defaultStatus, headers: [("content-type", "application/json")], body: Array("{}".utf8))
    }
    let values = MockValues(request: request, segments: route.path.match(request.path) ?? [:], count: count)
    let (body, type) = route.body.render(values)
    var headers = route.headers.sorted { $0.key < $1.key }.map { name, value in
      (name.lowercased(), MockBody(.string(value)).text(values))
    }
    if !headers.contains(where: { $0.0 == "content-type" }) { headers.append(("content-type", type)) }
    return MockAnswer(status: route.status, headers: headers, body: body, delay: route.delay, fault: route.fault)
  }

  private func keep(
    _ request: MockRequest, _ count: Int, _ phase: String, _ timestamp: String, status: Int, route: String?
  ) {
    guard records else { return }
    state.withLock { state in
      guard state.kept.count < Self.keptRequests else { return }
      var request = request
      let room = min(Self.keptOfBody, max(0, Self.keptBytes - state.keptBytes))
      if request.body.count > room {
        request.omittedBytes += request.body.count - room
        request.body = Array(request.body.prefix(room))
      }
      state.keptBytes +=
        request.body.count
        + request.headers.reduce(request.target.utf8.count) {
          $0 + $1.key.utf8.count + $1.value.utf8.count
        }
      state.kept.append(request.recorded(count, at: timestamp, phase: phase, status: status, route: route))
    }
  }
}

/// What a mock answers, or does instead.
struct MockAnswer: Sendable {
  var status: Int
  var headers: [(name: String, value: String)]
  var body: [UInt8]
  var delay: Duration?
  var fault: SpecHTTPFault?
}

extension MockBody {
  /// The text for a request.
  func text(_ values: MockValues) -> String { String(decoding: render(values).bytes, as: UTF8.self) }
}
