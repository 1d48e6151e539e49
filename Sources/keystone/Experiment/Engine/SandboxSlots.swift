import KeystoneKit

/// Room for sandboxes on this machine, shared by everybody and bounded for each owner.
///
/// Whoever waits is let in in the order of coming, except that one whose own share is used up lets others pass.
package final class SandboxSlots: Sendable {
  private struct Waiter {
    var id: Int
    var owner: String
    var continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var total = 0
    var owners: [String: Int] = [:]
    var waiters: [Waiter] = []
    var nextID = 0
  }

  /// How many there may be.
  package let total: Int
  /// How many of them may be one owner's.
  package let perOwner: Int
  private let state = Locked(State())

  /// Slots, all of them free.
  package init(total: Int, perOwner: Int) {
    self.total = total
    self.perOwner = perOwner
  }

  /// How many are taken.
  package var taken: Int { state.withLock { $0.total } }

  /// How many wait for one.
  package var waiting: Int { state.withLock { $0.waiters.count } }

  /// Takes a slot if there is one now.
  package func takeIfFree(_ owner: String) -> Bool {
    state.withLock { state in
      guard hasRoom(state, owner) else { return false }
      Self.take(&state, owner)
      return true
    }
  }

  /// Waits for a slot; throws when the task is cancelled meanwhile.
  package func take(_ owner: String) async throws {
    try Task.checkCancellation()
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let outcome: Result<Void, any Error>? = state.withLock { state in
          if Task.isCancelled { return .failure(CancellationError()) }
          guard hasRoom(state, owner) else {
            state.waiters.append(Waiter(id: id, owner: owner, continuation: continuation))
            return nil
          }
          Self.take(&state, owner)
          return .success(())
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
      }
      waiter?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Gives a slot back.
  package func give(_ owner: String) {
    let next = state.withLock { state -> Waiter? in
      state.total -= 1
      let left = (state.owners[owner] ?? 1) - 1
      state.owners[owner] = left > 0 ? left : nil
      guard let place = state.waiters.firstIndex(where: { hasRoom(state, $0.owner) }) else { return nil }
      let waiter = state.waiters.remove(at: place)
      Self.take(&state, waiter.owner)
      return waiter
    }
    next?.continuation.resume()
  }

  private func hasRoom(_ state: State, _ owner: String) -> Bool {
    state.total < total && state.owners[owner, default: 0] < perOwner
  }

  private static func take(_ state: inout State, _ owner: String) {
    state.total += 1
    state.owners[owner, default: 0] += 1
  }
}
