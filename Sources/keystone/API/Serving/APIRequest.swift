internal import HTTPTypes
internal import Hummingbird
package import KeystoneKit
package import Logging
internal import NIOCore

/// A request that has a route and, where the route wants one, a caller.
package struct APIRequest: Sendable {
  /// The largest JSON body.
  package static let largestBody = 8 << 20
  /// How long a body may take to come.
  static let slowestBody = Duration.seconds(30)

  /// The parameters of the path, decoded.
  package let parameters: [String: String]
  /// The query.
  package let query: Query
  /// Who calls; nobody where the route is open.
  package let caller: Caller
  /// Takes log lines, with the request's id.
  package let logger: Logger
  let request: Request

  /// A parameter of the path, which the route's pattern has.
  package func parameter(_ name: String) -> String { parameters[name] ?? "" }

  /// A header, by its name in any case.
  package func header(_ name: String) -> String? {
    HTTPField.Name(name).flatMap { request.headers[$0] }
  }

  /// The value that the JSON body holds.
  ///
  /// - Throws: ``APIError`` that says where the body does not fit.
  package func decode<Body: Decodable>(_ type: Body.Type = Body.self, upTo limit: Int = largestBody) async throws
    -> Body
  {
    try JSONValueDecoder().decode(Body.self, from: try await json(upTo: limit))
  }

  /// The JSON body.
  package func json(upTo limit: Int = largestBody) async throws -> JSONValue {
    let bytes = try await bytes(upTo: limit)
    guard !bytes.isEmpty else { throw APIError(.invalid, "The request needs a JSON body.") }
    return try JSONValue(parsing: bytes)
  }

  /// The whole body.
  package func bytes(upTo limit: Int = largestBody) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    if let length = header("content-length").flatMap({ Int($0) }) {
      guard length <= limit else { throw Self.tooLarge(limit) }
      bytes.reserveCapacity(length)
    }
    let deadline = ContinuousClock.now + Self.slowestBody
    var frames = frames(until: deadline).makeAsyncIterator()
    while let frame = try await frames.next() {
      guard bytes.count + frame.count <= limit else { throw Self.tooLarge(limit) }
      bytes += frame
    }
    return bytes
  }

  /// The body in pieces, for what is too large to hold; whoever reads it bounds it.
  ///
  /// - Parameter deadline: When it must be there; reading then throws ``APIError`` of code `slow`.
  /// - Returns: The pieces.
  package func frames(until deadline: ContinuousClock.Instant) -> BodyFrames {
    BodyFrames(body: request.body, deadline: deadline)
  }

  package static func tooLarge(_ limit: Int) -> APIError {
    APIError(.tooLarge, "The body is larger than the \(limit) bytes this route takes; send less at once.")
  }
}

/// The body of a request in pieces.
package struct BodyFrames: AsyncSequence, Sendable {
  package typealias Element = [UInt8]

  let body: RequestBody
  let deadline: ContinuousClock.Instant

  /// Reads the body, once.
  package func makeAsyncIterator() -> Iterator { Iterator(frames: body.makeAsyncIterator(), deadline: deadline) }

  /// Reads the body piece by piece.
  package struct Iterator: AsyncIteratorProtocol {
    private var frames: RequestBody.AsyncIterator
    private let deadline: ContinuousClock.Instant

    init(frames: RequestBody.AsyncIterator, deadline: ContinuousClock.Instant) {
      self.frames = frames
      self.deadline = deadline
    }

    /// The next piece; `nil` at the end.
    package mutating func next() async throws -> [UInt8]? {
      guard ContinuousClock.now < deadline else {
        throw APIError(.slow, "The body took too long to come; send it faster, or less at once.")
      }
      return try await frames.next().map { Array($0.readableBytesView) }
    }
  }
}
