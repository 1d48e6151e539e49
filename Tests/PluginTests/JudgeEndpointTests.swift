import KeystoneKit
import Testing

@Suite struct JudgeEndpointTests {
  private func endpoint(_ model: String, _ settings: [String: String] = [:]) throws -> JudgeEndpoint {
    try JudgeEndpoint(model: model) { settings[$0] }
  }

  @Test(arguments: [
    ("gpt-4o", [:], "https://api.openai.com/v1/chat/completions"),
    ("claude-sonnet-4-6", [:], "https://api.anthropic.com/v1/messages"),
    ("claude-sonnet-4-6", ["judge-url": "http://localhost:1/v1/"], "http://localhost:1/v1/chat/completions"),
    ("m", ["judge-url": "http://h/v1", "judge-provider": "anthropic"], "http://h/v1/messages"),
    ("m", ["judge-url": "http://h", "judge-provider": "anthropic"], "http://h/v1/messages"),
    ("m", ["judge-url": "https://anthropic.example.com"], "https://anthropic.example.com/v1/messages"),
    ("m", ["judge-url": "http://h/v1/chat/completions"], "http://h/v1/chat/completions"),
  ])
  func theAddressFollowsFromSettingsAndModel(_ model: String, _ settings: [String: String], _ url: String) throws {
    #expect(try endpoint(model, settings).url == url)
  }

  @Test func anAliasIsWhatTheOperatorSays() throws {
    #expect(try endpoint("paragon-max", ["judge-model-max": "claude-opus-4-7"]).model == "claude-opus-4-7")
    #expect(try endpoint("paragon-fast", ["judge-url": "http://h"]).model == "paragon-fast")
  }

  @Test func anAliasWithoutSettingsEndsInAnInstruction() {
    let error = #expect(throws: PluginError.self) { try endpoint("paragon-fast") }
    #expect(error?.message.hasPrefix("judge call failed: ") == true)
    #expect(error?.message.contains("-judge-model-fast MODEL") == true)
  }

  @Test func openAIAnswersAreRead() throws {
    let endpoint = try endpoint("gpt-4o", ["judge-api-key": "sk-1"])
    let body = try JSONValue(
      parsing: """
        {"model": "gpt-4o-2024", "choices": [{"message": {"content": "0.5"}}],
         "usage": {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}}
        """)
    #expect(endpoint.text(of: body) == "0.5")
    #expect(endpoint.usage(of: body) == Usage(model: "gpt-4o-2024", inputTokens: 10, outputTokens: 2, cachedTokens: 4))
  }

  @Test func anthropicAnswersAreRead() throws {
    let endpoint = try endpoint("claude-haiku-4-5", [:])
    let body = try JSONValue(
      parsing: """
        {"content": [{"type": "text", "text": "{\\"score\\""}, {"type": "text", "text": ": 1}"}],
         "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 2}}
        """)
    #expect(endpoint.text(of: body) == #"{"score": 1}"#)
    #expect(
      endpoint.usage(of: body) == Usage(model: "claude-haiku-4-5", inputTokens: 15, outputTokens: 2, cachedTokens: 5))
  }

  @Test func requestsCarryTheConventions() throws {
    let prompt = try JudgePrompt(JudgeTemplate(text: "{actual}"), material: "x", values: [:])
    let request = try endpoint("gpt-4o", ["judge-api-key": "sk-1"]).request(prompt, temperature: 0)
    let body = try JSONValue(parsing: request.body)
    #expect(body["max_tokens"]?.int == 512)
    #expect(body["temperature"]?.double == 0)
    #expect(body["messages"]?.array?.first?["content"]?.string == JudgePrompt.system)
    #expect(request.headers.contains(HTTPHeader("Authorization", "Bearer sk-1")))
    let reasoning = try JSONValue(parsing: try endpoint("gpt-5-mini").request(prompt, temperature: 0).body)
    #expect(reasoning["max_completion_tokens"]?.int == 512)
    #expect(reasoning["temperature"] == nil)
  }
}
