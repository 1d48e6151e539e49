import Glibc
import KeystoneKit
import Testing

/// The Docker Engine that `Tests/Engine/engine.sh` started, whose address is in KEYSTONE_TEST_DOCKER.
enum TestEngine {
  static let address = getenv("KEYSTONE_TEST_DOCKER").map { String(cString: $0) } ?? ""
  static let debian = "keystone-test/debian:12"

  /// The trait of tests that need it.
  static var isThere: some SuiteTrait & TestTrait {
    .enabled(
      if: !address.isEmpty, "there is no Docker Engine: run Tests/Engine/engine.sh start, and set KEYSTONE_TEST_DOCKER")
  }

  /// What the command-line client answers.
  static func ask(_ arguments: String...) async throws -> String {
    let process = try RunningProcess(
      ["/usr/bin/docker"] + arguments, environment: ["PATH": "/usr/bin:/bin", "DOCKER_HOST": address], stdin: "",
      onEnd: {})
    return await process.outcome(within: .seconds(60)).stdout
  }

  /// The containers and networks that carry the label of a folder of sandboxes.
  static func leftovers(of workspace: Workspace) async throws -> [String] {
    let label = "label=dev.keystone.folder=\(workspace.data)/sandboxes"
    let containers = try await ask("ps", "-aq", "--filter", label)
    let networks = try await ask("network", "ls", "-q", "--filter", label)
    return (containers + networks).split(separator: "\n").map(String.init)
  }
}

/// Where a spec with services can be run.
enum World: String, CaseIterable, CustomTestStringConvertible {
  case docker, local

  var testDescription: String { rawValue }

  /// The worlds that this machine has.
  static var here: [World] { TestEngine.address.isEmpty ? [.local] : [.docker, .local] }

  /// The image of a service.
  func image(_ name: String) -> JSONValue { self == .docker ? .string("keystone-test/\(name)") : .string(name) }
}

extension Workspace {
  /// Runs a spec in a world and expects that nothing is left behind there.
  func evaluate(
    _ spec: EvalSpec, in world: World, _ flags: [String] = [], timeout: Duration = .seconds(120),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Evaluation {
    var spec = spec
    if world == .docker && spec["base"] == "debian:12" { spec["base"] = .string(TestEngine.debian) }
    let run = try await evaluate(
      spec, ["--runtime", world.rawValue] + flags, environment: ["DOCKER_HOST": TestEngine.address], timeout: timeout,
      sourceLocation: sourceLocation)
    if world == .docker {
      let left = try await TestEngine.leftovers(of: self)
      #expect(left.isEmpty, "left behind on the engine: \(left)", sourceLocation: sourceLocation)
    }
    return run
  }
}
