import KeystoneKit
internal import KeystoneSpec

/// A sandbox of this process as others see it: who it belongs to, how it is, and what happened to it.
package final class HeldSandbox: Sendable {
  /// How a sandbox is.
  package enum State: String, Sendable {
    case creating, ready, running, stopped, error
  }

  /// What is decided before it is built.
  package struct Facts: Sendable {
    /// The id.
    package var id: String
    /// The `id` of the spec.
    package var specID: String
    /// Whose it is.
    package var owner: String
    /// The workspace it belongs to.
    package var workspace: String
    /// The experiment and its scenario; `nil` when somebody made it by itself.
    package var experiment: String?
    /// The id of the scenario.
    package var scenario: String?
    /// What whoever made it wrote on it.
    package var metadata: [String: String]
    /// When it was asked for, RFC 3339.
    package var createdAt: String
    /// The token by which the sandbox itself reaches what is its own.
    package var token: String

    /// The facts of a sandbox.
    package init(
      id: String, specID: String, owner: String, workspace: String, experiment: String? = nil, scenario: String? = nil,
      metadata: [String: String] = [:], createdAt: String, token: String
    ) {
      self.id = id
      self.specID = specID
      self.owner = owner
      self.workspace = workspace
      self.experiment = experiment
      self.scenario = scenario
      self.metadata = metadata
      self.createdAt = createdAt
      self.token = token
    }
  }

  private struct Change {
    var state = State.creating
    var live: LiveSandbox?
    var reason: String?
    var detail: StatusDetail?
  }

  /// What was decided before it was built.
  package let facts: Facts
  /// What happened to it.
  package let events = SandboxEvents()
  private let change = Locked(Change())

  /// A sandbox that is being built.
  package init(_ facts: Facts) { self.facts = facts }

  /// How it is.
  package var state: State { change.withLock { $0.state } }

  /// Why it is in ``State/error``.
  package var reason: String? { change.withLock { $0.reason } }

  /// Which of the known reasons it has for its end, if any.
  package var detail: StatusDetail? { change.withLock { $0.detail } }

  /// The sandbox itself while it can be used.
  package var live: LiveSandbox? { change.withLock { $0.live } }

  /// Takes a step of its building as an event.
  package func observe(_ step: SandboxStep) {
    switch step.name {
    case "ready", "destroyed": return
    default: break
    }
    var data: [String: JSONValue] = ["state": .string(state.rawValue)]
    if !step.detail.isEmpty { data["detail"] = .string(step.detail) }
    events.add(step.name, data)
  }

  /// It can be used from now on.
  package func becomeReady(_ live: LiveSandbox) {
    change.withLock { change in
      change.live = live
      change.state = .ready
    }
    events.add("ready", ["state": "ready"])
  }

  /// The first command, or the agent, has been started.
  package func becomeRunning() {
    let isFirst = change.withLock { change in
      guard change.state == .ready else { return false }
      change.state = .running
      return true
    }
    if isFirst { events.add("running", ["state": "running"]) }
  }

  /// Nobody may use it any more; answers the sandbox the first time.
  package func retire() -> LiveSandbox? {
    change.withLock { change in
      defer { change.live = nil }
      if change.live != nil { change.state = .stopped }
      return change.live
    }
  }

  /// It is gone.
  package func becomeStopped() {
    change.withLock { $0.state = .stopped }
    events.add("destroyed", ["state": "stopped"])
    events.end()
  }

  /// Its time is over.
  package func expire(after time: Duration) {
    let message = "the sandbox's time of \(DurationText.format(time)) is over"
    change.withLock { $0.detail = StatusDetail(.expired, message) }
    events.add("warning", ["message": .string(message)])
  }

  /// It could not be built.
  package func fail(_ reason: String, _ detail: StatusDetail? = nil) {
    change.withLock { change in
      change.live = nil
      change.state = .error
      change.reason = reason
      change.detail = detail
    }
    var data: [String: JSONValue] = ["state": "error", "reason": .string(reason)]
    data["status_detail"] = detail?.json
    events.add("error", data)
    events.end()
  }
}
