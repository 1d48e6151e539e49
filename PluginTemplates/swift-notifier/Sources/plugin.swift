public import KeystoneKit

/// Posts one line of text to a URL.
struct ExampleName: Notifier {
  struct Parameters: ParameterSet {
    @Parameter("The URL the line is posted to.", examples: ["https://chat.example.com/hooks/1"]) var url: String
  }

  static let type = "example_name"
  static let summary = "Posts an alert as one line of text to a URL."

  func notify(_ alert: Alert, _ parameters: Parameters, in context: NotifierContext) async throws {
    // The same firing has the same key at every attempt, so that a receiver can drop repeats.
    let headers = [HTTPHeader("Content-Type", "text/plain"), HTTPHeader("Idempotency-Key", alert.id)]
    let response = try await context.send(
      HTTPRequest(method: "POST", url: parameters.url, headers: headers, body: alert.reason, timeout: .seconds(30)))
    guard (200..<300).contains(response.status) else {
      throw PluginError(
        .unavailable, "\(parameters.url) answered \(response.status): \(response.body.prefix(200))",
        retryable: response.status == 429 || response.status >= 500)
    }
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("example-name", version: "0.1.0", ExampleName.self).export(to: host)
}
