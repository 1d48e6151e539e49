import KeystoneKit

/// The task as agents of the types `python` and `http` read it.
struct TaskDocument {
  let json: JSONValue

  init(_ sandbox: LiveSandbox) {
    let scenario = sandbox.plan.scenario
    json = [
      "prompt": .string(scenario.task.prompt),
      "context": .object(scenario.task.context),
      "parameters": .object(scenario.parameters),
      "seed": .integer(scenario.seed),
      "sandbox_id": .string(scenario.sandboxID),
      "scenario_id": .string(scenario.id),
      "workspace": .string(sandbox.environment.workspacePath),
      "base_url": sandbox.variables["KEYSTONE_BASE_URL"].map { .string($0) } ?? .null,
      "api_key": sandbox.variables["KEYSTONE_API_KEY"].map { .string($0) } ?? .null,
      "services": .object(sandbox.services.mapValues { ["host": .string($0.host), "port": .integer(Int64($0.port))] }),
    ]
  }
}
