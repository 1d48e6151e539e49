import KeystoneKit
import Testing

/// The notifier `webhook`, driven in its isolated home by a host that knows nothing but `docs/boundary.md`.
@Suite struct PluginsNotifierTests {
  private func notify(_ parameters: JSONValue, receiver status: Int) async throws -> JSONValue {
    let process = try RunningProcess(
      [
        "python3", "\(Checkout.folder)/Tests/Servers/notify.py", "\(Keystone.folder)/keystone-plugin-host",
        "\(Keystone.folder)/libkeystone_webhook.so", "webhook", parameters.text, "\(status)",
      ], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], stdin: "", onEnd: {})
    let outcome = await process.outcome()
    try #require(outcome.exitCode == 0, "\(outcome)")
    return try JSONValue(parsing: outcome.stdout)
  }

  @Test func theAlertIsPostedOnceWithAKeyAgainstRepeats() async throws {
    let told = try await notify(
      ["webhook_url": "https://hooks.example.com/x", "headers": ["Authorization": "Bearer t"]], receiver: 204)
    #expect(told["code"]?.int == 0 && told["requests"]?.array?.count == 1, "\(told)")
    let request = try #require(told["requests"]?.array?.first)
    #expect(request["method"]?.string == "keystone.host/1.http")
    let sent = try #require(request["body"])
    #expect(sent["method"]?.string == "POST" && sent["url"]?.string == "https://hooks.example.com/x")
    let headers = (sent["headers"]?.array ?? []).compactMap { header in
      header["name"]?.string.map { "\($0): \(header["value"]?.string ?? "")" }
    }
    #expect(headers == ["Content-Type: application/json", "Idempotency-Key: alert-1", "Authorization: Bearer t"])
    let alert = try JSONValue(parsing: sent["body"]?.string ?? "")
    #expect(alert["rule_name"]?.string == "drop" && alert["value"]?.double == 0.5 && alert["spec_id"]?.string == "s")
  }

  @Test(arguments: [(503, true), (429, true), (404, false)])
  func aReceiverThatRefusesIsAnErrorThatSaysWhetherToTryAgain(_ status: Int, _ isRetryable: Bool) async throws {
    let told = try await notify(["webhook_url": "https://hooks.example.com/x"], receiver: status)
    #expect(told["code"]?.int == 3 && told["reply"]?["code"]?.string == "unavailable", "\(told)")
    #expect((told["reply"]?["retryable"]?.bool ?? false) == isRetryable)
    expect(told["reply"]?["message"]?.string, has: "\(status)", "the receiver's words")
  }

  @Test func parametersThatDoNotFitAndUnknownMethodsAreRefused() async throws {
    let told = try await notify(["webhook_url": 7], receiver: 200)
    #expect(told["code"]?.int == 1 && told["requests"]?.array?.isEmpty == true, "\(told)")
    #expect(told["unknown"]?.int == 2)
    let type = told["descriptor"]?["types"]?.array?.first
    #expect(type?["point"]?.string == "notifier" && type?["type"]?.string == "webhook")
  }
}
