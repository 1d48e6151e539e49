package import KeystoneKit

/// What happened to one sandbox, kept from its beginning for whoever begins to listen late.
package final class SandboxEvents: Sendable {
  private struct State {
    var events: [JSONValue] = []
    var dropped = 0
    var hasEnded = false
    var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextListener = 0
  }

  /// How many events are kept; of a sandbox with more, the oldest go.
  private static let most = 10_000
  private let state = Locked(State())

  package init() {}

  /// Adds an event.
  package func add(_ type: String, _ data: [String: JSONValue] = [:]) {
    let event: JSONValue = ["event_type": .string(type), "data": .object(data), "ts": .string(UTCClock.now())]
    let listeners = state.withLock { state in
      guard !state.hasEnded else { return [] as [AsyncStream<Void>.Continuation] }
      state.events.append(event)
      if state.events.count > Self.most {
        state.events.removeFirst()
        state.dropped += 1
      }
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.yield() }
  }

  /// Says that nothing more happens; streams end after what is there.
  package func end() {
    let listeners = state.withLock { state in
      state.hasEnded = true
      defer { state.listeners = [:] }
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.finish() }
  }

  /// An event and its number, from 1.
  package struct Entry: Sendable {
    /// The number.
    package var number: Int
    /// The event.
    package var event: JSONValue
  }

  /// Whether nothing comes after the event of that number.
  package func isOver(after number: Int) -> Bool {
    state.withLock { $0.hasEnded && $0.dropped + $0.events.count <= number }
  }

  /// Hands every event after the one numbered `number`, and those to come, to `body` until the end; `nil` is a sign of
  /// life after a time without events.
  package func follow(
    after number: Int = 0, every pause: Duration = .seconds(15), _ body: (Entry?) async throws -> Void
  ) async throws {
    let (wakes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let listener = state.withLock { state in
      state.nextListener += 1
      if state.hasEnded { continuation.finish() } else { state.listeners[state.nextListener] = continuation }
      return state.nextListener
    }
    defer { state.withLock { $0.listeners[listener] = nil } }
    let pulse = Task {
      while !Task.isCancelled {
        try await Task.sleep(for: pause)
        continuation.yield()
      }
    }
    defer { pulse.cancel() }
    var next = try await send(from: max(0, number), body)
    for await _ in wakes {
      let before = next
      next = try await send(from: next, body)
      if next == before { try await body(nil) }
    }
    try Task.checkCancellation()
    _ = try await send(from: next, body)
  }

  private func send(from start: Int, _ body: (Entry?) async throws -> Void) async throws -> Int {
    let (events, next) = state.withLock { state in
      (Array(state.events.dropFirst(max(0, start - state.dropped))), state.dropped + state.events.count)
    }
    for (index, event) in events.enumerated() {
      try await body(Entry(number: next - events.count + index + 1, event: event))
    }
    return max(start, next)
  }
}
