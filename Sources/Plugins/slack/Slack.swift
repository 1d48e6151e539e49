public import KeystoneKit
import SlackBlocks

/// Posts an alert to Slack: as a bot to a channel, or through an incoming webhook.
struct Slack: Notifier {
  struct Parameters: ParameterSet {
    @Parameter("Channel the bot posts to: its name or id; the bot must be in it.", examples: ["#agent-alerts"])
    var slackChannel: String?
    @Parameter(
      "Incoming webhook to post through instead, which needs no bot.",
      examples: ["https://hooks.slack.com/services/T0/B0/x"])
    var slackWebhookURL: String?

    enum CodingKeys: String, CodingKey {
      case slackChannel = "slack_channel"
      case slackWebhookURL = "slack_webhook_url"
    }
  }

  static let type = "slack"
  static let summary = "Posts an alert to a Slack channel by a bot, or through an incoming webhook."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    guard (parameters.slackChannel ?? "").isEmpty, (parameters.slackWebhookURL ?? "").isEmpty else { return [] }
    return [.init(path: "$", message: "one of `slack_channel` and `slack_webhook_url` is needed")]
  }

  func notify(_ alert: Alert, _ parameters: Parameters, in context: NotifierContext) async throws {
    if let url = parameters.slackWebhookURL, !url.isEmpty {
      return try await post(alert, through: url, in: context)
    }
    guard let channel = parameters.slackChannel, !channel.isEmpty else {
      throw PluginError(.invalid, "one of `slack_channel` and `slack_webhook_url` is needed")
    }
    try await post(alert, to: channel, in: context)
  }

  private func post(_ alert: Alert, through url: String, in context: NotifierContext) async throws {
    let response = try await context.send(
      Self.request(url, body: SlackMessage.body(alert), headers: []))
    guard (200..<300).contains(response.status) else {
      throw Self.refusal("the incoming webhook answered \(response.status): \(response.body.prefix(200))", response)
    }
  }

  private func post(_ alert: Alert, to channel: String, in context: NotifierContext) async throws {
    guard let token = context.setting("slack-bot-token")?.string, !token.isEmpty else {
      throw PluginError(
        .unavailable,
        "there is no bot token; start Keystone with SLACK_BOT_TOKEN, or give the rule a `slack_webhook_url`")
    }
    let base = context.setting("slack-api-url")?.string ?? "https://slack.com/api"
    var body = SlackMessage.body(alert)
    body["channel"] = .string(channel)
    let response = try await context.send(
      Self.request(
        "\(base)/chat.postMessage", body: body, headers: [HTTPHeader("Authorization", "Bearer \(token)")]))
    guard (200..<300).contains(response.status) else {
      throw Self.refusal("Slack answered \(response.status): \(response.body.prefix(200))", response)
    }
    let answer = try? JSONValue(parsing: response.body)
    guard answer?["ok"]?.bool == true else {
      throw Self.refusal(Self.sentence(answer?["error"]?.string ?? "no JSON", channel), response, answer)
    }
  }

  private static func request(_ url: String, body: [String: JSONValue], headers: [HTTPHeader]) -> HTTPRequest {
    HTTPRequest(
      method: "POST", url: url,
      headers: [HTTPHeader("Content-Type", "application/json; charset=utf-8")] + headers,
      body: JSONValue.object(body).text, timeout: .seconds(30))
  }

  /// What to do about the errors that operators meet.
  private static func sentence(_ error: String, _ channel: String) -> String {
    switch error {
    case "not_in_channel": "Slack refused: the bot is not in \(channel); invite it there"
    case "channel_not_found": "Slack refused: there is no channel \(channel), or the bot may not see it; invite it"
    case "invalid_auth", "not_authed", "token_revoked", "account_inactive":
      "Slack refused the bot token (\(error)); set SLACK_BOT_TOKEN to one that works"
    case "missing_scope": "Slack refused: the bot lacks the scope `chat:write`; add it and install the app again"
    default: "Slack refused: \(error)"
    }
  }

  private static let passing = ["ratelimited", "service_unavailable", "internal_error", "fatal_error"]

  private static func refusal(_ message: String, _ response: HTTPResponse, _ answer: JSONValue? = nil) -> PluginError {
    let isPassing =
      response.status == 429 || response.status >= 500 || passing.contains(answer?["error"]?.string ?? "")
    return PluginError(.unavailable, message, detail: response.body, retryable: isPassing)
  }
}

private let settings: [Setting] = [
  Setting(
    name: "slack-bot-token", description: "Token of the Slack bot that posts alerts; it needs the scope `chat:write`.",
    flag: "slack-bot-token", environment: "SLACK_BOT_TOKEN", secret: true),
  Setting(
    name: "slack-api-url", type: .url, description: "Base URL of Slack's API.", default: "https://slack.com/api",
    flag: "slack-api-url", environment: "SLACK_API_URL"),
]

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("slack", version: "1.0.0", settings: settings, Slack.self).export(to: host)
}
