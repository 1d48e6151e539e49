import KeystoneKit
import KeystonePluginHost

/// Times calls of plugins the way the host makes them: through the registry, each with a budget.
struct BoundaryCalls {
  let installation: Installation
  let calls: Int

  /// The figures of both homes.
  func run() async throws -> JSONValue {
    ["in_process": try await figures(.inProcess), "isolated": try await figures(.isolated)]
  }

  private func figures(_ home: PluginHome) async throws -> JSONValue {
    let homes = ["benchmark-echo": home, "benchmark-typed": home]
    let registry = await PluginRegistry.open(installation, options: PluginOptions(homes: homes))
    for refusal in registry.refusals { throw PluginError(.unavailable, "\(refusal.file): \(refusal.reason)") }
    do {
      let figures = try await figures(registry)
      await registry.shutdown()
      return figures
    } catch {
      await registry.shutdown()
      throw error
    }
  }

  private func figures(_ registry: PluginRegistry) async throws -> JSONValue {
    let echo = try find("benchmark_echo", registry)
    let typed = try find("benchmark_typed", registry)
    let kibibyte = [UInt8](repeating: 0x61, count: 1024)
    let request = try JSONValueEncoder().encode(Self.request).bytes
    let bytes = try await Sample.of(calls) {
      _ = try await registry.call(echo, "evaluate", kibibyte, budget: Self.budget)
    }
    let read = try await Sample.of(calls) {
      _ = try await registry.call(typed, "evaluate", request, budget: Self.budget)
    }
    let both = try await Sample.of(calls) {
      let body = try JSONValueEncoder().encode(Self.request).bytes
      let answer = try await registry.call(typed, "evaluate", body, budget: Self.budget)
      _ = try JSONValueDecoder().decode(Score.self, from: JSONValue(parsing: answer))
    }
    return [
      "bytes": bytes.json, "typed": read.json, "typed_and_host_codes_too": both.json,
      "typed_request_bytes": .integer(Int64(request.count)),
    ]
  }

  private func find(_ type: String, _ registry: PluginRegistry) throws -> InstalledType {
    guard let found = registry.type(.invariant, type) else {
      throw PluginError(.notFound, "there is no type \(type) in \(installation.builtinsFolder)")
    }
    return found
  }

  private static let budget = Duration.seconds(60)

  /// A request of the size a real check gets.
  static let request = WorkRequest(
    type: "benchmark_typed", name: "boundary_is_inclusive",
    parameters: [
      "path": "pricing/discount.py", "contains": "total >= 100", "words": ["alpha", "beta", "gamma"], "lines": 250,
      "share": 0.75, "is_strict": true,
    ],
    scenario: Scenario(
      id: "c1-r2", sandboxID: "sb-0123456789ab", specID: "repair-discount",
      task: AgentTask(
        prompt: "Fix the source so that all tests pass. Do not modify the tests.\n",
        context: ["source": "pricing", "language": "python"]),
      parameters: ["model": "large"], seed: 4_711, replica: 1, allowsLocalFiles: true),
    agent: AgentOutcome(exitCode: 0, output: "repaired pricing/discount.py\n", durationMilliseconds: 812))
}
