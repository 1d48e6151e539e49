import KeystoneKit
import SandboxHelper

/// A container whose first process has greeted.
struct RunningContainer: Sendable {
  let id: String
  let connection: HelperConnection
  let abilities: HelperAbilities
}

/// Makes one container, starts it and waits for its first process.
struct ContainerStart: Sendable {
  private static let patience = Duration.seconds(30)

  let engine: EngineClient
  let plan: ContainerPlan

  /// The container; whatever fails, nothing is left behind.
  func run() async throws -> RunningContainer {
    try plan.folder.make(for: plan.labels)
    let control = try ControlSocket(path: plan.folder.control)
    defer { control.stop() }
    let id = try await create()
    do {
      return try await start(id, control)
    } catch {
      await engine.removeContainer(id)
      throw error
    }
  }

  private func create() async throws -> String {
    let path = "/containers/create?name=\(EngineClient.escaped(plan.name))"
    do {
      return try await created(path)
    } catch let error as EngineFailure where error.status == 409 {
      // The name is made from the sandbox's id, which the host has just chosen: what carries it is a failed attempt's.
      await engine.removeContainer(plan.name)
      do { return try await created(path) } catch let error as EngineFailure { throw error.error(action) }
    } catch let error as EngineFailure {
      throw error.error(action)
    }
  }

  private var action: String { "creating the container \(plan.name) of \(plan.image)" }

  private func created(_ path: String) async throws -> String {
    guard let id = try await engine.call("POST", path, plan.request)["Id"]?.string else {
      throw PluginError(.internal, "\(action): the \(engine.name) gave it no id; look at the engine's log")
    }
    return id
  }

  private func start(_ id: String, _ control: ControlSocket) async throws -> RunningContainer {
    do {
      try await engine.call("POST", "/containers/\(id)/start")
    } catch let error as EngineFailure {
      throw error.error("starting the container \(plan.name) of \(plan.image)")
    }
    let watch = Task {
      // A first process that ends before it has connected would be waited for in vain.
      let limit: JSONValue? = try? await engine.call("POST", "/containers/\(id)/wait", silence: Self.patience)
      control.stop()
      return limit
    }
    defer { watch.cancel() }
    let connection = try await withTaskCancellationHandler {
      try await control.accept()
    } onCancel: {
      control.stop()
    }
    try Task.checkCancellation()
    guard let connection else { throw await notStarted(id, "its first process did not connect") }
    let helper = HelperConnection(descriptor: connection)
    switch try await helper.awaitGreeting(within: Self.patience) {
    case .ready(let abilities): return RunningContainer(id: id, connection: helper, abilities: abilities)
    case .wrong(let words):
      helper.close()
      throw await notStarted(id, words)
    }
  }

  private func notStarted(_ id: String, _ reason: String) async -> PluginError {
    let words = await engine.log(of: id)
    let state = (try? await engine.call("GET", "/containers/\(id)/json"))?["State"]?["Error"]?.string ?? ""
    let reason = words.split(separator: "\n").first.map(String.init) ?? (state.isEmpty ? reason : state)
    return PluginError(
      .unavailable, "the first process of the container \(plan.name) of \(plan.image) did not start: \(reason)",
      detail: words.isEmpty ? nil : words)
  }
}

extension EngineClient {
  /// Removes a container and whatever runs in it; nothing happens when there is none.
  func removeContainer(_ id: String) async {
    // Goes on when the sandbox's own task was cancelled. Podman fails to remove a container that is just ending.
    await Task {
      for attempt in 1...20 {
        do {
          try await call("DELETE", "/containers/\(id)?force=1&v=1")
        } catch let error as EngineFailure where error.status >= 500 && attempt < 20 {
          try? await Task.sleep(for: .milliseconds(100))
          continue
        } catch {}
        return
      }
    }.value
  }

  /// Makes the volume of a workspace that several containers share; answers its name.
  func makeVolume(_ name: String, _ labels: EngineLabels) async throws -> String {
    do {
      try await call("POST", "/volumes/create", ["Name": .string(name), "Labels": labels.json(role: "workspace")])
      return name
    } catch let error as EngineFailure {
      throw error.error("making the volume \(name)")
    }
  }

  /// Removes a volume; nothing happens when there is none.
  func removeVolume(_ name: String) async {
    await Task { _ = try? await call("DELETE", "/volumes/\(name)?force=1") }.value
  }

  /// What the first process of a container has said.
  func log(of id: String) async -> String {
    let query = "/containers/\(id)/logs?stdout=1&stderr=1&tail=40"
    guard let bytes = try? await raw("GET", query) else { return "" }
    return Self.text(ofFrames: bytes)
  }

  /// The engine's frames for streams: a byte for which, three of nothing, four for the size, and the text.
  private static func text(ofFrames bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    var position = 0
    while bytes.count - position >= 8 {
      let size = bytes[position + 4..<position + 8].reduce(0) { $0 << 8 | Int($1) }
      text += bytes[min(bytes.count, position + 8)..<min(bytes.count, position + 8 + size)]
      position += 8 + size
    }
    return String(decoding: text, as: UTF8.self)
  }
}
