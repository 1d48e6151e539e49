import KeystoneKit

/// One question to a judge, asked twice at most.
struct JudgeCall {
  var endpoint: JudgeEndpoint
  var request: HTTPRequest

  /// Asks, and asks once more when no answer can be read.
  ///
  /// - Throws: ``PluginError`` whose message begins with `judge call failed`.
  func answer(in context: CheckContext) async throws -> JudgeAnswer {
    do {
      return try await ask(in: context)
    } catch let failure as Failure {
      context.log(.warning, "the judge is asked again: \(failure.reason)", ["model": .string(endpoint.model)])
    }
    try await Task.sleep(for: .seconds(1))
    do {
      return try await ask(in: context)
    } catch let failure as Failure {
      throw PluginError(.unavailable, "judge call failed: \(failure.reason)", detail: failure.detail, retryable: true)
    }
  }

  private struct Failure: Error {
    var reason: String
    var detail: String?
  }

  private func ask(in context: CheckContext) async throws -> JudgeAnswer {
    let response = try await send(in: context)
    guard (200..<300).contains(response.status) else {
      throw Failure(
        reason: "\(endpoint.url) answered \(response.status): \(JudgePrompt.cut(response.body, to: 300))",
        detail: response.body)
    }
    guard let body = try? JSONValue(parsing: response.body) else {
      throw Failure(reason: "\(endpoint.url) answered no JSON: \(JudgePrompt.cut(response.body, to: 300))")
    }
    // An answer that cannot be read has cost its tokens all the same.
    if let usage = endpoint.usage(of: body) { try await context.recordUsage(usage) }
    guard let text = endpoint.text(of: body), !text.allSatisfy(\.isWhitespace) else {
      throw Failure(reason: "the answer of \(endpoint.model) is empty", detail: response.body)
    }
    guard let answer = JudgeAnswer(parsing: text) else {
      throw Failure(reason: "the answer of \(endpoint.model) cannot be read: \(JudgePrompt.cut(text, to: 300))")
    }
    return answer
  }

  private func send(in context: CheckContext) async throws -> HTTPResponse {
    do {
      return try await context.send(request)
    } catch let error as PluginError where error.code != .cancelled {
      throw Failure(reason: error.message, detail: error.detail)
    }
  }
}
