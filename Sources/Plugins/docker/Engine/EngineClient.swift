import Glibc
import KeystoneKit

/// Speaks the Docker Engine API on the engine's Unix socket.
///
/// Plain HTTP/1.0, one connection per request: the engine then answers without chunks and closes at the end, which is all
/// that is needed to stream the progress of a pull, and spares this plugin a library. Each request waits on a thread of
/// its own pool, so that nobody else's work waits with it.
struct EngineClient: Sendable {
  /// The path of the engine's Unix socket.
  let socket: String
  /// What the engine is called in messages, such as `Docker Engine`.
  let name: String

  private static let threads = WorkerPool(limit: 32)

  /// Makes a request; a status of 400 or more is thrown.
  ///
  /// - Parameters:
  ///   - method: `GET`, `POST`, `PUT` or `DELETE`.
  ///   - path: The path below `/v1.41`, with its query.
  ///   - body: What is sent, as JSON.
  ///   - limit: How long the engine may be silent.
  ///   - line: Takes the answer's lines as they come; the result is then `null`.
  /// - Returns: The answer.
  /// - Throws: ``EngineFailure`` for what the engine refuses, ``PluginError`` when it cannot be asked.
  @discardableResult func call(
    _ method: String, _ path: String, _ body: JSONValue? = nil, silence limit: Duration = .seconds(60),
    line: (@Sendable (JSONValue) -> Void)? = nil
  ) async throws -> JSONValue {
    let answer = try await raw(method, path, body, silence: limit, line: line)
    return answer.isEmpty || line != nil ? .null : try JSONValue(parsing: answer)
  }

  /// Makes a request whose answer is no JSON.
  func raw(
    _ method: String, _ path: String, _ body: JSONValue? = nil, silence limit: Duration = .seconds(60),
    line: (@Sendable (JSONValue) -> Void)? = nil
  ) async throws -> [UInt8] {
    let text = body?.bytes ?? []
    let head = """
      \(method) /v1.41\(path) HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\n\
      Content-Length: \(text.count)\r\n\r\n
      """
    let socket = try EngineSocket(path: self.socket, engine: name, silence: limit)
    let reply = try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        Self.threads.run {
          continuation.resume(with: Result { try socket.exchange(Array(head.utf8) + text, line: line) })
        }
      }
    } onCancel: {
      socket.shutDown()
    }
    try Task.checkCancellation()
    guard reply.status < 400 else { throw EngineFailure(status: reply.status, body: reply.body, engine: name) }
    return reply.body
  }

  /// `text` as a part of a path or a query.
  static func escaped(_ text: String) -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    var escaped: [UInt8] = []
    for byte in text.utf8 {
      if plain.contains(byte) {
        escaped.append(byte)
      } else {
        escaped += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }
}

/// What the engine refused.
struct EngineFailure: Error {
  let status: Int
  let message: String
  let engine: String

  init(status: Int, body: [UInt8], engine: String) {
    self.status = status
    self.engine = engine
    let text = String(decoding: body, as: UTF8.self)
    message = (try? JSONValue(parsing: body))?["message"]?.string ?? text
  }

  /// As an error of the step `action`.
  func error(_ action: String) -> PluginError {
    let isFull = message.contains("no space left on device")
    let advice = isFull ? "; make room where the engine keeps its data" : ""
    return PluginError(
      isFull ? .exhausted : .unavailable, "\(action): the \(engine) says: \(message)\(advice)",
      detail: isFull ? "RESOURCE_LIMIT_EXCEEDED: the disk of the engine is full" : nil)
  }
}
