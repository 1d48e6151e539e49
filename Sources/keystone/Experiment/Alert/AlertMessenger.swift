package import KeystoneKit
package import KeystonePluginHost
package import KeystoneSandbox

/// Asks notifiers to tell somebody about an alert.
package struct AlertMessenger: Sendable {
  private let registry: PluginRegistry
  private let secrets: [String: String]
  private let patterns: SecretPatterns
  private let services: PlainServices

  /// A messenger; parameters may refer to `secrets`.
  package init(
    registry: PluginRegistry, secrets: [String: String], outbound: any OutboundRequests,
    log: @escaping @Sendable (String, String, [String: JSONValue]) -> Void
  ) {
    self.registry = registry
    self.secrets = secrets
    patterns = SecretPatterns(secrets)
    services = PlainServices(outbound: outbound, patterns: patterns, log: log)
  }

  /// The plugin that provides a notifier; `nil` when none does.
  func plugin(of notifier: String) -> Provenance? { registry.type(.notifier, notifier).map { Provenance($0) } }

  /// Tells a notifier once, and answers why it could not, with secrets masked; the caller looks whether it was cancelled.
  package func send(_ alert: Alert, by notifier: String, _ parameters: JSONValue) async -> PluginError? {
    guard let type = registry.type(.notifier, notifier) else {
      return PluginError(.notFound, "no plugin provides the notifier type `\(notifier)`")
    }
    do {
      let parameters = try TemplateValues(secrets: secrets).render(parameters, schema: type.descriptor.parameters)
      let request = NotifyRequest(type: type.descriptor.type, parameters: parameters, alert: alert)
      _ = try await registry.call(
        type, "notify", JSONValueEncoder().encode(request).bytes, budget: .seconds(60), services: services)
      return nil
    } catch {
      var failure = PluginError(error)
      failure.message = patterns.redacted(failure.message)
      return failure
    }
  }
}
