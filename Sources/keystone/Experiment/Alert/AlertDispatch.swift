package import KeystoneKit
package import KeystonePluginHost
package import KeystoneSandbox
package import KeystoneSpec

/// Evaluates the alerts of a spec when its experiment is complete, and tells their notifiers.
package struct AlertDispatch: Sendable {
  /// How often a delivery is tried when the notifier says that it may succeed later.
  static let attempts = 4
  private let spec: Spec
  private let registry: PluginRegistry
  private let secrets: [String: String]
  private let patterns: SecretPatterns
  private let services: PlainServices

  /// A dispatch for the alerts of `spec`.
  package init(
    spec: Spec, registry: PluginRegistry, secrets: [String: String], outbound: any OutboundRequests,
    log: @escaping @Sendable (String, String, [String: JSONValue]) -> Void
  ) {
    self.spec = spec
    self.registry = registry
    self.secrets = secrets
    patterns = SecretPatterns(secrets)
    services = PlainServices(outbound: outbound, patterns: patterns, log: log)
  }

  /// Evaluates every alert on the results of one experiment and answers what was done, an object per alert that fired.
  package func run(on results: JSONValue, experiment: String, at time: String) async throws -> [JSONValue] {
    var deliveries: [JSONValue] = []
    for (index, rule) in spec.alerts.enumerated() {
      guard let value = AlertCondition(rule.condition)?.firing(in: results["metrics"]) else { continue }
      let alert = Alert(
        id: Identifier.random(prefix: "alert-"), ruleID: "\(spec.id)/alerts[\(index)]", name: rule.name,
        condition: rule.condition, value: value, specID: spec.id, experimentID: experiment, firedAt: time)
      var delivery: [String: JSONValue] = [
        "rule_name": .string(rule.name), "reason": .string(alert.reason), "notify": .string(rule.notifier),
      ]
      let error = try await deliver(alert, rule)
      delivery["delivered"] = .bool(error == nil)
      delivery["error"] = error.map { .string(patterns.redacted($0.message)) }
      deliveries.append(.object(delivery))
    }
    return deliveries
  }

  /// Tells the notifier, again after a while when that may help; only cancellation is thrown.
  private func deliver(_ alert: Alert, _ rule: SpecAlert) async throws -> PluginError? {
    guard let type = registry.type(.notifier, rule.notifier) else {
      return PluginError(.notFound, "no plugin provides the notifier type `\(rule.notifier)`")
    }
    var failure: PluginError?
    for attempt in 0..<Self.attempts {
      if attempt > 0 { try await Task.sleep(for: .milliseconds(250 << (2 * attempt))) }
      do {
        let templates = TemplateValues(secrets: secrets)
        let parameters = try templates.render(rule.parameters, schema: type.descriptor.parameters)
        let request = NotifyRequest(type: type.descriptor.type, parameters: parameters, alert: alert)
        _ = try await registry.call(
          type, "notify", JSONValueEncoder().encode(request).bytes, budget: .seconds(60), services: services)
        return nil
      } catch {
        try Task.checkCancellation()
        failure = PluginError(error)
        if failure?.retryable != true { break }
      }
    }
    return failure
  }
}
