import Glibc
import KeystoneKit
import Testing

/// More connections than anybody needs.
@Suite struct GatewayLoadTests {
  /// Whether a sandbox may open so many descriptors.
  private static let hasRoom = {
    var limit = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 && limit.rlim_max > 11_000
  }()

  @Test(.enabled(if: hasRoom, "needs a hard limit of more than 11,000 open files"))
  func tenThousandConnectionsAtOnceAreAllAnswered() async throws {
    let workspace = try Workspace()
    var spec = try EvalSpec.script(
      "connections.py", ["10000"], in: workspace,
      checks: [
        "all": [
          "type": "http_mock_assertions", "service": "payment-api",
          "assertions": [["field": "request_count", "equals": 10_000]],
        ]
      ])
    spec.addMock([["path": "/ok", "response": "ok"]])
    let run = try await workspace.evaluate(spec)
    #expect(run.exitCode == 0, "\(run.outcome)")
    #expect(try run.scenario().agentOutput == "{'HTTP/1.1 200 OK': 10000}\n")
    #expect(run.outcome.peakMemory < 120 << 20, "\(run.outcome.peakMemory >> 20) MiB")
    #expect(try run.records("http_call").count == 10_000)
  }
}
