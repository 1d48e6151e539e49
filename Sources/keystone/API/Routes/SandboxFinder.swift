internal import KeystoneKit
internal import KeystoneSandbox
internal import KeystoneSpec

/// Finds the sandbox that a request is about, and shows it as JSON.
struct SandboxFinder: Sendable {
  let directory: SandboxDirectory
  /// The URL under which clients reach the daemon.
  let baseURL: String

  /// The sandbox the path names, if it is the caller's to see.
  func sandbox(_ request: APIRequest) throws -> HeldSandbox {
    let id = request.parameter("sandbox_id")
    guard let sandbox = directory.sandbox(id), sandbox.facts.workspace == request.caller.workspace else {
      throw APIError(.notFound, "There is no sandbox `\(id)` in this workspace; it may have ended.")
    }
    return sandbox
  }

  /// The same, while it can be used.
  func live(_ request: APIRequest) throws -> (HeldSandbox, LiveSandbox) {
    let sandbox = try sandbox(request)
    if let live = sandbox.live { return (sandbox, live) }
    guard sandbox.state == .creating else {
      throw APIError(.notFound, "The sandbox `\(sandbox.facts.id)` has ended; make a new one.")
    }
    throw APIError(.conflict, "The sandbox `\(sandbox.facts.id)` is still being built; wait until it is ready.")
  }

  func json(_ sandbox: HeldSandbox) -> JSONValue {
    let facts = sandbox.facts
    let live = sandbox.live
    var members: [String: JSONValue] = [
      "id": .string(facts.id), "spec_id": .string(facts.specID), "state": .string(sandbox.state.rawValue),
      "path": .string(live?.environment.workspace ?? ""), "url": .string("\(baseURL)/v1/sandboxes/\(facts.id)"),
      "created_at": .string(facts.createdAt), "metadata": .object(facts.metadata.mapValues { .string($0) }),
      "services": .object(services(live)),
    ]
    members["error"] = sandbox.reason.map { .string($0) }
    members["status_detail"] = sandbox.detail?.json
    members["experiment_id"] = facts.experiment.map { .string($0) }
    members["scenario_id"] = facts.scenario.map { .string($0) }
    return .object(members)
  }

  private func services(_ live: LiveSandbox?) -> [String: JSONValue] {
    var services: [String: JSONValue] = [:]
    for (name, address) in live?.services ?? [:] {
      services[name] = [
        "host": .string(address.host), "port": .integer(Int64(address.port)), "ready": .bool(address.ready),
      ]
    }
    return services
  }
}
