/// Waits for a value that a thread of ours hands over.
///
/// The value goes through a lock and not through the continuation: the concurrency runtime does not tell the thread
/// sanitizer of a continuation that is resumed before its task waits, so that a correct use would be reported.
///
/// - Parameter start: Begins the work; hands over exactly once, from any thread.
/// - Returns: The value.
/// - Throws: The error that was handed over instead.
package func withHandover<Value: Sendable>(
  _ start: (_ handOver: @escaping @Sendable (Result<Value, any Error>) -> Void) -> Void
) async throws -> Value {
  let place = Locked<Result<Value, any Error>?>(nil)
  await withCheckedContinuation { continuation in
    start { result in
      place.withLock { $0 = result }
      continuation.resume()
    }
  }
  guard let result = place.withLock({ $0 }) else {
    throw PluginError(.internal, "a thread handed over nothing")
  }
  return try result.get()
}
