import KeystoneKit
import Testing

extension EvalSpec {
  /// A spec whose agent is a script of `Tests/Specs/agents`, which is copied into the workspace.
  static func script(
    _ name: String, _ arguments: [String] = [], in workspace: Workspace,
    checks: [String: JSONValue] = ["done": Check.command("true")]
  ) throws -> EvalSpec {
    let source = "\(Checkout.folder)/Tests/Specs/agents/\(name)"
    try workspace.write(String(decoding: try #require(FileBytes.read(source)), as: UTF8.self), to: "agents/\(name)")
    var spec = EvalSpec(checks: checks)
    spec["fixtures"] = [["type": "directory", "source": "agents", "target": "agents"]]
    spec["agent"] = [
      "type": "cli", "binary": "/usr/bin/python3",
      "args": .array((["agents/\(name)"] + arguments).map { .string($0) }), "timeout": "100s",
    ]
    return spec
  }

  /// A mock that keeps what it is asked, under its own name and under `api.example.com`.
  mutating func addMock(_ routes: [JSONValue] = []) {
    self["services"] = [
      ["name": "payment-api", "type": "http_mock", "ports": [9090], "record": true, "routes": .array(routes)]
    ]
    self["network.dns_overrides"] = ["api.example.com": "payment-api.services.internal"]
  }
}

extension Evaluation {
  /// The audit records of the kind.
  func records(_ event: String) throws -> [JSONValue] {
    try artifact("audit.jsonl").split(separator: 10).map { try JSONValue(parsing: Array($0)) }
      .filter { $0["event"]?.string == event }
  }
}
