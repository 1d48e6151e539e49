import Glibc
import KeystoneKit
import Testing

/// A copy of the executable and of all that lies beside it, which a test may damage.
final class PluginCommandsInstallation: Sendable {
  let workspace: Workspace
  var folder: String { "\(workspace.path)/bin" }

  init() async throws {
    workspace = try Workspace()
    mkdir("\(workspace.path)/bin", 0o755)
    let files = ["keystone", "keystone-plugin-host", "keystone-sandbox-init", "builtins.json"]
    let libraries = FileBytes.names(in: Keystone.folder).filter { $0.hasPrefix("libkeystone_") && $0.hasSuffix(".so") }
    try await run(["cp", "--reflink=auto"] + (files + libraries).map { "\(Keystone.folder)/\($0)" } + [folder])
  }

  /// Runs the copy.
  func keystone(_ arguments: [String]) async throws -> Outcome {
    let process = try RunningProcess(
      ["/usr/bin/env", "-C", workspace.path, "\(folder)/keystone"] + arguments,
      environment: [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": workspace.home,
        "KEYSTONE_DATA_DIR": workspace.data,
      ], stdin: "", onEnd: {})
    let outcome = await process.outcome()
    #expect(!outcome.timedOut && outcome.signal == nil, "\(arguments): \(outcome)")
    return outcome
  }

  /// Writes a minimal spec for each built-in check and answers the files, by type.
  func writeSpecs() throws -> [String: String] {
    let checks: [String: JSONValue] = [
      "command_exit": ["command": "true"], "custom": ["code": "x"], "file_absent": ["path": "x"],
      "file_content": ["path": "x", "contains": "y"], "file_exists": ["path": "x"], "llm_as_judge": ["criteria": "x"],
    ]
    var files: [String: String] = [:]
    for (type, parameters) in checks {
      var check = parameters
      check["type"] = .string(type)
      files[type] = try workspace.write(EvalSpec(checks: ["c": check]), to: "\(type).yaml")
    }
    return files
  }
}
