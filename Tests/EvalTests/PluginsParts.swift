import Glibc
import KeystoneKit
import Testing

/// The sources these tests belong to.
enum Checkout {
  static let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
}

/// Ends a test at once where a part of the machine is missing.
func run(_ arguments: [String], in folder: String = "/") async throws {
  let process = try RunningProcess(
    ["/usr/bin/env", "-C", folder] + arguments, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder],
    stdin: "", onEnd: {})
  let outcome = await process.outcome()
  try #require(outcome.exitCode == 0, "\(arguments.joined(separator: " ")): \(outcome)")
}

extension JSONValue {
  /// The reason a check gave.
  func reason(_ check: String) -> String { self.check(check)?["reason"]?.string ?? "there is no check \(check)" }
}

/// Expects of each check of a scenario what its name says: `passes_…` or `fails_…`.
func expectWhatNamesSay(_ scenario: JSONValue, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(scenario.error == nil, sourceLocation: sourceLocation)
  for check in scenario["invariants"]?.array ?? [] {
    guard let name = check["name"]?.string else { continue }
    let passed = check["passed"]?.bool
    #expect(
      passed == name.hasPrefix("passes_"), "\(name): \(check["reason"]?.string ?? "")", sourceLocation: sourceLocation)
  }
}

/// Expects that a text has these parts, and says which it lacks.
func expect(
  _ text: String?, has parts: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
  for part in parts {
    #expect(text?.contains(part) == true, "lacks \(part): \(text ?? "nil")", sourceLocation: sourceLocation)
  }
}

/// Plugins in plain C, compiled by the tests that use them.
enum CPlugin {
  /// The shared library made from `Tests/Plugins/<name>/<name>.c`, with pieces of its text replaced.
  static func compile(
    _ name: String, in workspace: Workspace, as file: String? = nil, replacing pieces: [String: String] = [:]
  ) async throws -> String {
    let source = "\(Checkout.folder)/Tests/Plugins/\(name)/\(name).c"
    var text = String(decoding: try #require(FileBytes.read(source), "there is no \(source)"), as: UTF8.self)
    for (old, new) in pieces { text = text.replacing(old, with: new) }
    let library = "\(workspace.path)/\(file ?? name).so"
    try await run([
      "cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden",
      "-I\(Checkout.folder)/Sources/CKeystonePlugin/include", "-o", library,
      workspace.write(text, to: "\(file ?? name).c"),
    ])
    return library
  }
}
