import Glibc
import KeystoneKit
import Testing

/// The specs of `Tests/Specs`, whose first lines say their verdicts and whose checks say theirs in their names.
@Suite struct PluginsSpecFileTests {
  private static let specs = "\(Checkout.folder)/Tests/Specs"

  @Test(arguments: [
    "command_exit", "agents/cli", "agents/exit", "agents/python", "files/files", "files/fixtures", "files/kept",
    "judges/honest", "judges/failing", "judges/silent", "agents/missing",
  ])
  func specsGiveTheVerdictsTheySay(_ name: String) async throws { try await verify(name) }

  @Test func theParagonAgentIsWhatTheOperatorSays() async throws {
    try await verify("agents/paragon", ["-paragon-binary", "./paragon"])
  }

  @Test func theAgentMayBeAWebService() async throws {
    let server = try PluginsServer.model()
    try await verify("agents/http", environment: ["MODEL_PORT": "\(server.port)"])
  }

  @Test(arguments: ["model", "model-empty", "model-no-json", "model-status-500", "model-unreadable"])
  func judgesAreModels(_ name: String) async throws {
    let server = try PluginsServer.model()
    let scenario = try await verify("judges/\(name)", ["-judge-url", "\(server.base)/v1"])
    if name != "model" { expect(scenario.error, has: "judge call failed") }
  }

  @Test func rulesFailAScenarioWhoseChecksPass() async throws {
    let scenario = try await verify("files/forbidden")
    #expect(scenario.composite == 0)
    expect(scenario.rule("file_writes_outside")?["details"]?.string, has: "tests/test.txt", "src2/a")
    expect(scenario.rule("secrets_in_logs")?["details"]?.string, has: "TOKEN")
    #expect(!scenario.text.contains("not-so-secret-value-1"))
  }

  @discardableResult
  private func verify(
    _ name: String, _ flags: [String] = [], environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> JSONValue {
    let file = "\(Self.specs)/\(name).yaml"
    let text = try #require(FileBytes.read(file).map { String(decoding: $0, as: UTF8.self) }, "there is no \(file)")
    let verdict = try #require(text.split(separator: "\n").first?.split(separator: " ").last.map(String.init))
    let run = try await Workspace().evaluate(file: file, flags, environment: environment)
    let scenario = try run.scenario(sourceLocation: sourceLocation)
    #expect(scenario.status == verdict, "\(run.outcome)", sourceLocation: sourceLocation)
    #expect(run.exitCode == ["pass": 0, "fail": 1, "error": 3][verdict], sourceLocation: sourceLocation)
    if verdict != "error" { expectWhatNamesSay(scenario, sourceLocation: sourceLocation) }
    return scenario
  }
}
