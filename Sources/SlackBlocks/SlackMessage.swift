public import KeystoneKit

/// An alert as a Block Kit message, with a plain text for notifications.
///
/// `slack` and `webhook` both send it; text from outside is escaped as Slack wants it, so that no name can mention people.
public enum SlackMessage {
  /// The members `text` and `blocks`.
  public static func body(_ alert: Alert) -> [String: JSONValue] {
    let summary = "\(escaped(alert.name)): \(escaped(alert.reason))"
    let facts = [
      ("Condition", "`\(escaped(alert.condition))`"), ("Value", shown(alert.value)), ("Spec", escaped(alert.specID)),
      ("Experiment", escaped(alert.experimentID)),
    ]
    return [
      "text": .string(cut(summary, to: 3000)),
      "blocks": [
        ["type": "header", "text": ["type": "plain_text", "text": .string(cut(alert.name, to: 150))]],
        ["type": "section", "text": ["type": "mrkdwn", "text": .string(cut(summary, to: 3000))]],
        [
          "type": "section",
          "fields": .array(
            facts.map { ["type": "mrkdwn", "text": .string(cut("*\($0.0)*\n\($0.1)", to: 2000))] }),
        ],
        [
          "type": "context",
          "elements": [["type": "mrkdwn", "text": .string("fired \(alert.firedAt) · \(escaped(alert.id))")]],
        ],
      ],
    ]
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private static func cut(_ text: String, to limit: Int) -> String {
    text.count > limit ? text.prefix(limit - 1) + "…" : text
  }

  private static func shown(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}
