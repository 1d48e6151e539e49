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
      // The sandbox's own API is served by the gateway, which this version does not have yet.
      "base_url": .null,
      "api_key": .null,
      "services": [:],
    ]
  }
}
