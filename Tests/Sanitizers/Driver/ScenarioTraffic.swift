import Glibc
import KeystoneKit
import KeystonePluginHost

/// Checks, agents and runtimes called through the registry, as an experiment does it.
struct ScenarioTraffic {
  let folder: String
  let home: PluginHome
  /// Whether the local runtime is there beside the test plugin's.
  let usesLocal: Bool
  private let tally = Tally()

  init(folder: String, home: PluginHome, usesLocal: Bool) {
    self.folder = folder
    self.home = home
    self.usesLocal = usesLocal
  }

  func run() async throws -> String {
    let registry = await TestPlugins.open(folder, home: home)
    for refusal in registry.refusals { throw Unexpected(description: "\(refusal.file): \(refusal.reason)") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { try await checks(registry) }
        group.addTask { try await agents(registry) }
      }
      for type in usesLocal ? ["memory", "local"] : ["memory"] {
        for sandbox in 0..<4 {
          let traffic = RuntimeTraffic(registry: registry, type: type, id: "ks-\(type)-\(sandbox)", folder: folder)
          group.addTask { try await traffic.run(tally) }
        }
      }
      do {
        try await group.waitForAll()
      } catch {
        throw Unexpected(description: "\(error), \(registry.counters)")
      }
    }
    // On its own: on a slow machine a call may be given up, and its process with the sandboxes in it is replaced.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { try await interrupted(registry) } }
      try await group.waitForAll()
    }
    try await shutDownWhileCallsRun(registry)
    let counters = registry.counters
    try Unexpected.check(counters.creditViolations == 0 && counters.deaths <= counters.abandoned, "\(counters)")
    return "\(tally.text), abandoned \(counters.abandoned), starts \(counters.starts)"
  }

  private func checks(_ registry: PluginRegistry) async throws {
    for round in 1...5 {
      let busy = try await registry.evaluate("busy", ["rounds": .integer(Int64(round))])
      try Unexpected.check(busy["reason"]?.string == "\(round * 200_041)", "busy answered \(busy)")
      let lines = try await registry.evaluate("lines_at_most", ["path": "a", "max": 100_000])
      try Unexpected.check(lines["passed"]?.bool == true, "lines_at_most answered \(lines)")
      tally.count("checked")
    }
  }

  private func agents(_ registry: PluginRegistry) async throws {
    for _ in 0..<10 {
      let result = try await registry.work(.agent, "runner", "run", [:])
      try Unexpected.check(result["status"]?["exit_code"] == 0, "the agent answered \(result)")
      tally.count("ran")
    }
  }

  /// Checks that are cancelled, or run out of time, at any moment.
  private func interrupted(_ registry: PluginRegistry) async throws {
    for round in 0..<25 {
      let budget: Duration? = Bool.random() ? .milliseconds(Int.random(in: 0...20)) : nil
      let name = round % 3 == 0 ? "lines_at_most" : "busy"
      let task = Task {
        try await registry.evaluate(name, name == "busy" ? ["rounds": 5] : ["path": "a"], budget: budget)
      }
      try await Task.sleep(for: .microseconds(Int.random(in: 0...8000)))
      if budget == nil { task.cancel() }
      switch await task.result {
      case .success: tally.count("ok")
      case .failure(let error as PluginError) where [.cancelled, .deadline].contains(error.code):
        tally.count(error.code.description)
      case .failure(let error): throw Unexpected(description: "an interrupted \(name) ended with \(error)")
      }
    }
  }

  private func shutDownWhileCallsRun(_ registry: PluginRegistry) async throws {
    await withTaskGroup { group in
      for _ in 0..<30 {
        group.addTask {
          while (try? await registry.evaluate("busy", ["rounds": 3])) != nil {}
        }
      }
      group.addTask {
        try? await Task.sleep(for: .milliseconds(50))
        await registry.shutdown()
      }
    }
  }
}

/// Calls that do what must be reported.
struct PlantedFault {
  /// The invariant that does it.
  let type: String
  let folder: String
  let home: PluginHome

  func run() async throws {
    let registry = await TestPlugins.open(folder, home: home)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<50 { group.addTask { _ = try await registry.evaluate(type, [:]) } }
      try await group.waitForAll()
    }
    await registry.shutdown()
  }
}

enum TestPlugins {
  /// The registry of a folder's plugins, all in one kind of home.
  static func open(_ folder: String, home: PluginHome) async -> PluginRegistry {
    let installation = Installation(builtinsFolder: folder, dataFolder: "\(folder)/data")
    let homes = ["traffic": home, "c": home, "local": home]
    let flags = ["local-isolation": "none", "local-sandbox-init": "\(folder)/keystone-sandbox-init"]
    return await PluginRegistry.open(installation, options: PluginOptions(flags: flags, homes: homes))
  }
}

extension PluginRegistry {
  /// Calls a type with what every work request holds.
  func work(
    _ point: ExtensionPoint, _ name: String, _ operation: String, _ parameters: JSONValue, budget: Duration? = nil
  ) async throws -> JSONValue {
    guard let type = type(point, name) else { throw Unexpected(description: "there is no type \(name)") }
    let scenario = Scenario(id: "s", sandboxID: "s", specID: "s", task: AgentTask(prompt: "do it"))
    let request = WorkRequest(type: name, name: name, parameters: parameters, scenario: scenario)
    let body = try JSONValueEncoder().encode(request).bytes
    return try JSONValue(parsing: await call(type, operation, body, budget: budget, services: FakeHost()))
  }

  /// Evaluates an invariant.
  func evaluate(_ name: String, _ parameters: JSONValue, budget: Duration? = nil) async throws -> JSONValue {
    try await work(.invariant, name, "evaluate", parameters, budget: budget)
  }
}
