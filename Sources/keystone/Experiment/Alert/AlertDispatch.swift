package import KeystoneKit
package import KeystoneSpec

/// Evaluates the alerts of a spec when its experiment is complete, and tells their notifiers.
package struct AlertDispatch: Sendable {
  /// How often a delivery is tried when the notifier says that it may succeed later.
  static let attempts = 4
  private let spec: Spec
  private let messenger: AlertMessenger

  /// A dispatch for the alerts of `spec`.
  package init(spec: Spec, messenger: AlertMessenger) {
    self.spec = spec
    self.messenger = messenger
  }

  /// Evaluates every alert and answers what was done, an object per alert that fired.
  ///
  /// `metrics` answers what an alert looks at, or `nil` when it watches other runs than this one.
  package func run(
    experiment: String, at time: String, metrics: (SpecAlert) async throws -> JSONValue?
  ) async throws -> [JSONValue] {
    var deliveries: [JSONValue] = []
    for (index, rule) in spec.alerts.enumerated() {
      guard let value = AlertThreshold(rule.condition)?.firing(in: try await metrics(rule)) else { continue }
      let alert = Alert(
        id: Identifier.random(prefix: "alert-"), ruleID: "\(spec.id)/alerts[\(index)]", name: rule.name,
        condition: rule.condition, value: value, specID: spec.id, experimentID: experiment, firedAt: time)
      var delivery: [String: JSONValue] = [
        "rule_name": .string(rule.name), "reason": .string(alert.reason), "notify": .string(rule.notifier),
      ]
      let (error, attempts) = try await deliver(alert, rule)
      delivery["plugin"] = messenger.plugin(of: rule.notifier)?.json
      delivery["attempts"] = .integer(Int64(attempts))
      delivery["delivered"] = .bool(error == nil)
      delivery["error"] = error.map { .string($0.message) }
      deliveries.append(.object(delivery))
    }
    return deliveries
  }

  /// Tells the notifier, again after a while when that may help; only cancellation is thrown.
  private func deliver(_ alert: Alert, _ rule: SpecAlert) async throws -> (PluginError?, attempts: Int) {
    var attempt = 1
    while true {
      let failure = await messenger.send(alert, by: rule.notifier, rule.parameters)
      try Task.checkCancellation()
      if failure?.retryable != true || attempt == Self.attempts { return (failure, attempt) }
      try await Task.sleep(for: .milliseconds(250 << (2 * attempt)))
      attempt += 1
    }
  }
}
