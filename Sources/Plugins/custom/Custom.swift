public import KeystoneKit

/// Judges with a Python script, which the agent cannot have changed.
///
/// Before the agent starts, the script and everything beside it are copied to a folder where only the host
/// writes. It is run from there by the system's Python in isolated mode, with that folder as the only addition to
/// its path: neither files of the workspace nor variables of the environment have a say in what it imports.
struct Custom: Invariant, Preparing {
  struct Parameters: ParameterSet {
    @Parameter("Python file in the workspace; put it in a folder of its own.", examples: ["checks/report.py"])
    var script: String?
    @Parameter("Python code, instead of `script`.") var code: String?
    @Parameter("Values the script finds under `parameters` in the JSON document on its stdin.")
    var parameters: JSONValue = [:]
  }

  static let type = "custom"
  static let summary = "Runs a Python script that prints `passed`, `score` and `reason` as a JSON object."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    switch (parameters.script, parameters.code) {
    case (let script?, nil): SandboxPath(script).diagnostics(at: "$.script")
    case (nil, _?): []
    case (nil, nil): [.init(path: "$", message: "one of `script` and `code` is needed")]
    case (_?, _?): [.init(path: "$", message: "`script` and `code` exclude each other; keep one of them")]
    }
  }

  func prepare(_ parameters: Parameters, in context: CheckContext) async throws {
    try await ProtectedScript.protect(parameters, in: context)
  }

  func evaluate(_ parameters: Parameters, in context: CheckContext) async throws -> Score {
    let script = try await ProtectedScript(parameters, in: context)
    let document = try await document(parameters.parameters, in: context)
    let result = try await script.run(document.bytes, in: context.sandbox)
    guard result.status.isSuccess else {
      throw PluginError(
        .invalid, "the script of check \(context.name) \(result.status.ending): \(result.lastLines())",
        detail: result.errorText)
    }
    guard let finding = ScriptFinding(lastIn: result.text) else {
      throw PluginError(
        .invalid,
        "the script of check \(context.name) printed no JSON object with `passed`: \(result.lastLines())",
        detail: result.text)
    }
    return try finding.score()
  }

  private func document(_ parameters: JSONValue, in context: CheckContext) async throws -> JSONValue {
    let agent = context.agent
    return [
      "workspace": .string(try await context.sandbox.workspacePath()),
      "parameters": parameters,
      "agent_output": .string(agent?.output ?? ""),
      "agent_stderr": .string(agent?.errorOutput ?? ""),
      "exit_code": agent?.exitCode.map { .integer(Int64($0)) } ?? .null,
      "signal": agent?.signal.map { .integer(Int64($0)) } ?? .null,
      "task": ["prompt": .string(context.scenario.task.prompt), "context": .object(context.scenario.task.context)],
      "scenario": [
        "id": .string(context.scenario.id), "spec_id": .string(context.scenario.specID),
        "parameters": .object(context.scenario.parameters), "seed": .integer(context.scenario.seed),
        "replica": .integer(Int64(context.scenario.replica)),
      ],
    ]
  }
}

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("custom", version: "1.0.0", Custom.self).export(to: host)
}
