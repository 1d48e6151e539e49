import KeystoneKit

/// Where a judge is, how it is asked, and how its answers are read: the two APIs that everybody speaks.
struct JudgeEndpoint: Equatable {
  /// A way to ask.
  enum Provider: String {
    /// `POST <base>/chat/completions`.
    case openai
    /// `POST <base>/v1/messages`.
    case anthropic
  }

  var provider: Provider
  var url: String
  var model: String
  var key: String?

  /// What the operator set, and the model the spec names.
  init(model: String, settings: (String) -> String?) throws(PluginError) {
    let configured = settings("judge-url")
    let alias = Self.alias(model, settings)
    if alias == nil, model.hasPrefix("paragon-"), configured == nil {
      throw PluginError(
        .unavailable,
        "judge call failed: `\(model)` is an alias for a model that the operator chooses; start Keystone with "
          + "-judge-model-\(model.dropFirst("paragon-".count)) MODEL and KEYSTONE_JUDGE_API_KEY, or with -judge-url URL"
      )
    }
    self.model = alias ?? model
    key = settings("judge-api-key")
    provider = Self.provider(settings("judge-provider"), url: configured, model: self.model)
    url = Self.url(configured, provider)
  }

  private static func alias(_ model: String, _ settings: (String) -> String?) -> String? {
    switch model {
    case "paragon-fast": settings("judge-model-fast")
    case "paragon-max": settings("judge-model-max")
    default: nil
    }
  }

  private static func provider(_ name: String?, url: String?, model: String) -> Provider {
    if let provider = name.flatMap(Provider.init) { return provider }
    guard let url else { return model.hasPrefix("claude") ? .anthropic : .openai }
    return url.contains("anthropic") || url.hasSuffix("/messages") ? .anthropic : .openai
  }

  private static func url(_ configured: String?, _ provider: Provider) -> String {
    var base = configured ?? (provider == .anthropic ? "https://api.anthropic.com" : "https://api.openai.com/v1")
    while base.hasSuffix("/") { base.removeLast() }
    switch provider {
    case .openai: return base.hasSuffix("/chat/completions") ? base : base + "/chat/completions"
    case .anthropic:
      if base.hasSuffix("/messages") { return base }
      return base + (base.hasSuffix("/v1") ? "/messages" : "/v1/messages")
    }
  }
}

extension JudgeEndpoint {
  private static let mostAnswerTokens: JSONValue = 512

  /// The request that asks for a judgement.
  func request(_ prompt: JudgePrompt, temperature: Double) -> HTTPRequest {
    var headers = [HTTPHeader("Content-Type", "application/json")]
    let user: JSONValue = ["role": "user", "content": .string(prompt.user)]
    var body: JSONValue = ["model": .string(model)]
    switch provider {
    case .openai:
      if let key { headers.append(HTTPHeader("Authorization", "Bearer \(key)")) }
      body["messages"] = [["role": "system", "content": .string(JudgePrompt.system)], user]
      // Models that reason have another name for the limit and refuse a temperature.
      body[isReasoning ? "max_completion_tokens" : "max_tokens"] = Self.mostAnswerTokens
      if !isReasoning { body["temperature"] = .number(temperature) }
    case .anthropic:
      headers.append(HTTPHeader("anthropic-version", "2023-06-01"))
      if let key { headers.append(HTTPHeader("x-api-key", key)) }
      body["system"] = .string(JudgePrompt.system)
      body["messages"] = [user]
      body["max_tokens"] = Self.mostAnswerTokens
      body["temperature"] = .number(temperature)
    }
    return HTTPRequest(method: "POST", url: url, headers: headers, body: body.text, timeout: .seconds(60))
  }

  private var isReasoning: Bool { ["o1", "o3", "o4", "gpt-5"].contains { model.hasPrefix($0) } }

  /// The text of an answer; `nil` when the body is not one of this API.
  func text(of body: JSONValue) -> String? {
    switch provider {
    case .openai:
      let content = body["choices"]?.array?.first?["message"]?["content"]
      return content?.string ?? content?.array.map(Self.joined)
    case .anthropic: return body["content"]?.array.map(Self.joined)
    }
  }

  private static func joined(_ parts: [JSONValue]) -> String { parts.compactMap { $0["text"]?.string }.joined() }

  /// The tokens an answer reports; `nil` when it reports none.
  func usage(of body: JSONValue) -> Usage? {
    guard let usage = body["usage"] else { return nil }
    func count(_ value: JSONValue?) -> Int { value?.int.flatMap(Int.init(exactly:)).map { max(0, $0) } ?? 0 }
    let model = body["model"]?.string ?? self.model
    switch provider {
    case .openai:
      return Usage(
        model: model, inputTokens: count(usage["prompt_tokens"]), outputTokens: count(usage["completion_tokens"]),
        cachedTokens: count(usage["prompt_tokens_details"]?["cached_tokens"]))
    case .anthropic:
      // Here the tokens of the cache are not part of the input.
      let cached = count(usage["cache_read_input_tokens"])
      let written = count(usage["cache_creation_input_tokens"])
      return Usage(
        model: model, inputTokens: count(usage["input_tokens"]) + cached + written,
        outputTokens: count(usage["output_tokens"]), cachedTokens: cached)
    }
  }
}
