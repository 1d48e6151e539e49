internal import HTTPTypes
internal import Hummingbird
package import KeystoneKit
internal import NIOCore

/// The answer to a request.
package struct APIResponse: Sendable {
  enum Body: Sendable {
    case none
    case bytes([UInt8])
    case stream(length: Int?, @Sendable (inout BodyWriter) async throws -> Void)
  }

  var status: Int
  var headers: [(String, String)] = []
  var body: Body = .none

  /// JSON.
  package static func json(_ value: JSONValue, status: Int = 200) -> APIResponse {
    APIResponse(status: status, headers: [("content-type", "application/json")], body: .bytes(value.bytes))
  }

  /// What a value encodes to, as JSON.
  package static func encoding(_ value: some Encodable, status: Int = 200) throws -> APIResponse {
    .json(try JSONValueEncoder().encode(value), status: status)
  }

  /// A bare array.
  package static func list(_ items: [JSONValue]) -> APIResponse { .json(.array(items)) }

  /// Nothing, as a success: 204.
  package static let empty = APIResponse(status: 204)

  /// Text of some kind.
  package static func text(_ text: String, type: String) -> APIResponse {
    APIResponse(status: 200, headers: [("content-type", type)], body: .bytes(Array(text.utf8)))
  }

  /// A body that is written while it is made, in constant memory.
  ///
  /// - Parameters:
  ///   - type: The content type.
  ///   - length: Its length, when it is known.
  ///   - write: Writes it; what it throws cuts the connection, so that the client sees that the end is missing.
  /// - Returns: The response.
  package static func stream(
    type: String, length: Int? = nil, _ write: @escaping @Sendable (inout BodyWriter) async throws -> Void
  ) -> APIResponse {
    APIResponse(status: 200, headers: [("content-type", type)], body: .stream(length: length, write))
  }

  init(_ error: APIError) {
    self = .json(error.body, status: error.code.status)
    if let seconds = error.retryAfter { headers.append(("retry-after", "\(seconds)")) }
    if error.code == .unauthorized { headers.append(("www-authenticate", "Bearer")) }
  }

  init(status: Int, headers: [(String, String)] = [], body: Body = .none) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The response as Hummingbird writes it; the answer to HEAD has no body.
  func response(isHead: Bool) -> Response {
    var fields = HTTPFields()
    for (name, value) in headers { HTTPField.Name(name).map { fields[$0] = value } }
    let status = HTTPTypes.HTTPResponse.Status(code: self.status)
    switch body {
    case .none: return Response(status: status, headers: fields)
    case .bytes(let bytes):
      fields[.contentLength] = "\(bytes.count)"
      return Response(
        status: status, headers: fields,
        body: isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    case .stream(let length, let write):
      if let length { fields[.contentLength] = "\(length)" }
      guard !isHead else { return Response(status: status, headers: fields) }
      let body = ResponseBody(contentLength: length) { writer in
        var body = BodyWriter(writer: writer)
        try await write(&body)
        try await body.writer.finish(nil)
      }
      return Response(status: status, headers: fields, body: body)
    }
  }
}

/// Takes a body piece by piece.
package struct BodyWriter {
  fileprivate var writer: any ResponseBodyWriter

  /// Sends a piece; throws when the client has gone.
  package mutating func write(_ bytes: [UInt8]) async throws { try await writer.write(ByteBuffer(bytes: bytes)) }
}
