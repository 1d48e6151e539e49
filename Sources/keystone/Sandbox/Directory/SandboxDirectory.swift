import KeystoneKit

/// The sandboxes of this process, by id and by token.
package final class SandboxDirectory: Sendable {
  private struct State {
    var sandboxes: [String: HeldSandbox] = [:]
    var tokens: [String: String] = [:]
    /// The ids of those that are gone, the oldest first.
    var gone: [String] = []
  }

  /// How many sandboxes that are gone are still known, so that late listeners learn what happened.
  private static let remembered = 1000
  private let state = Locked(State())

  /// An empty directory.
  package init() {}

  /// Enters a sandbox that is about to be built.
  package func enter(_ sandbox: HeldSandbox) {
    state.withLock { state in
      state.sandboxes[sandbox.facts.id] = sandbox
      state.tokens[sandbox.facts.token] = sandbox.facts.id
    }
  }

  /// A sandbox is gone: its token is worth nothing, and it is forgotten after a while.
  package func leave(_ sandbox: HeldSandbox) {
    state.withLock { state in
      state.tokens[sandbox.facts.token] = nil
      state.gone.append(sandbox.facts.id)
      if state.gone.count > Self.remembered { state.sandboxes[state.gone.removeFirst()] = nil }
    }
  }

  /// The sandbox of that id, which may be gone; `nil` when it is not known.
  package func sandbox(_ id: String) -> HeldSandbox? { state.withLock { $0.sandboxes[id] } }

  /// The sandbox whose own token this is.
  package func sandbox(token: String) -> HeldSandbox? {
    state.withLock { state in state.tokens[token].flatMap { state.sandboxes[$0] } }
  }

  /// All that are not gone, the oldest first.
  package func present() -> [HeldSandbox] {
    state.withLock { Array($0.sandboxes.values) }
      .filter { [.creating, .ready, .running].contains($0.state) }
      .sorted { ($0.facts.createdAt, $0.facts.id) < ($1.facts.createdAt, $1.facts.id) }
  }
}
