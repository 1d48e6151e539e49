public import KeystoneKit
import SlackBlocks

/// Posts an alert as JSON to a URL.
///
/// Every attempt to deliver the same firing carries the same `Idempotency-Key`, so that a receiver can drop repeats.
struct Webhook: Notifier {
  struct Parameters: ParameterSet {
    @Parameter("URL the alert is posted to.", examples: ["https://hooks.example.com/keystone"])
    var webhookURL: String
    @Parameter("Further header fields, such as `Authorization`.") var headers: [String: String] = [:]
    @Parameter(
      "`json`, or `slack` for a Block Kit message; `auto` is `slack` for hooks.slack.com and `json` for others.",
      oneOf: ["auto", "json", "slack"])
    var format = "auto"

    enum CodingKeys: String, CodingKey {
      case headers, format
      case webhookURL = "webhook_url"
    }
  }

  static let type = "webhook"
  static let summary = "Posts an alert as a JSON object to a URL."

  func notify(_ alert: Alert, _ parameters: Parameters, in context: NotifierContext) async throws {
    let headers =
      [HTTPHeader("Content-Type", "application/json"), HTTPHeader("Idempotency-Key", alert.id)]
      + parameters.headers.sorted { $0.key < $1.key }.map { HTTPHeader($0.key, $0.value) }
    let response = try await context.send(
      HTTPRequest(
        method: "POST", url: parameters.webhookURL, headers: headers, body: Self.body(alert, parameters).text,
        timeout: .seconds(30)))
    guard (200..<300).contains(response.status) else {
      throw PluginError(
        .unavailable, "the webhook \(parameters.webhookURL) answered \(response.status): \(response.body.prefix(300))",
        detail: response.body, retryable: response.status == 429 || response.status >= 500)
    }
  }

  private static func body(_ alert: Alert, _ parameters: Parameters) -> JSONValue {
    let isOfSlack = parameters.webhookURL.hasPrefix("https://hooks.slack.com/")
    let isSlack = parameters.format == "slack" || parameters.format == "auto" && isOfSlack
    return isSlack ? .object(SlackMessage.body(alert)) : body(alert)
  }

  /// The firing as receivers know it.
  static func body(_ alert: Alert) -> JSONValue {
    [
      "id": .string(alert.id),
      "rule_id": .string(alert.ruleID),
      "rule_name": .string(alert.name),
      "reason": .string(alert.reason),
      "condition": .string(alert.condition),
      "value": .number(alert.value),
      "spec_id": .string(alert.specID),
      "experiment_id": .string(alert.experimentID),
      "fired_at": .string(alert.firedAt),
    ]
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("webhook", version: "1.0.0", Webhook.self).export(to: host)
}
