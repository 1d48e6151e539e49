import KeystoneKit

/// The keys of a plugin-defined section that belong to the host; all others are the plugin's parameters.
struct Envelope {
  /// The key that names the type.
  let discriminator: String
  /// The host's keys and their schemas.
  let properties: [String: JSONValue]
  /// The host's keys that must be there.
  let required: [String]
  /// The host's keys that belong one level further up, with what they belong to.
  var keysAbove: [String: String] = [:]

  init(_ point: ExtensionPoint) {
    let type = Shape.text("The type, provided by a plugin.")
    let timeout = Shape.quantity("The longest time it may take.", .timeout, examples: ["5m"])
    switch point {
    case .agent:
      self.init(
        "type",
        [
          "type": type, "timeout": timeout,
          "model": Shape.text("The model that the agent should use."),
          "env": Shape.environment("Environment variables for the agent alone."),
        ])
    case .invariant:
      self.init("type", ["type": type, "timeout": timeout])
      keysAbove = ["weight": "invariant", "gate": "invariant", "description": "invariant"]
    case .notifier: self.init("notify", Self.alert, required: ["name", "condition", "notify"])
    case .fixture, .forbidden, .runtime: self.init("type", ["type": type, "timeout": timeout])
    }
  }

  private init(_ discriminator: String, _ properties: [String: JSONValue], required: [String] = ["type"]) {
    self.discriminator = discriminator
    self.properties = properties
    self.required = required
  }

  private static let alert: [String: JSONValue] = [
    "name": Shape.text("The alert's name.", format: .shownName),
    "eval_id": Shape.text("The spec whose runs are watched; this one when absent.", format: .identifier),
    "condition": Shape.text("When it fires.", format: .alertCondition, examples: ["pass_rate < 0.8"]),
    "window": Shape.text("The runs it looks at.", format: .alertWindow, examples: ["last_5_runs", "last_24h"]),
    "notify": Shape.text("The notifier type, provided by a plugin."),
  ]
}
