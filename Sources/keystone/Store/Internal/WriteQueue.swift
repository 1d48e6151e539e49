internal import GRDB
internal import KeystoneKit

/// Puts concurrent changes into common transactions.
///
/// While one transaction is being forced to the disk, further changes gather, and the next transaction takes them all:
/// two hundred scenarios that end together cost a handful of disk flushes. Each change has a savepoint of its own, so
/// one that fails takes nothing else with it, and is acknowledged only after the common commit.
final class WriteQueue: Sendable {
  private struct Write: Sendable {
    /// Makes the change and returns how to acknowledge it.
    let run: @Sendable (Database) throws -> @Sendable () -> Void
    let fail: @Sendable (any Error) -> Void
  }

  private struct State {
    var waiting: [Write] = []
    var isDraining = false
  }

  private let pool: DatabasePool
  private let state = Locked(State())

  /// Bounds how long the first change of a transaction waits for the last.
  private static let largestTransaction = 256

  init(pool: DatabasePool) {
    self.pool = pool
  }

  /// Makes a change and returns when it is on the disk; it is made even if the task is cancelled meanwhile.
  func write<Value: Sendable>(_ change: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let write = Write(
        run: { database in
          let value = try change(database)
          return { continuation.resume(returning: value) }
        },
        fail: { continuation.resume(throwing: $0) })
      let mustDrain = state.withLock { state in
        state.waiting.append(write)
        defer { state.isDraining = true }
        return !state.isDraining
      }
      // GRDB runs this on its own serial queue; no thread of Swift's pool waits for the disk.
      if mustDrain { pool.asyncWriteWithoutTransaction { self.drain($0) } }
    }
  }

  private func drain(_ database: Database) {
    while let batch = nextBatch() { commit(batch, database) }
  }

  private func nextBatch() -> [Write]? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isDraining = false
        return nil
      }
      let batch = Array(state.waiting.prefix(Self.largestTransaction))
      state.waiting.removeFirst(batch.count)
      return batch
    }
  }

  private func commit(_ batch: [Write], _ database: Database) {
    var answers: [@Sendable () -> Void] = []
    do {
      try database.inTransaction(.immediate) {
        for write in batch { answers.append(try attempt(write, database)) }
        return .commit
      }
      for answer in answers { answer() }
    } catch {
      for write in batch { write.fail(error) }
    }
  }

  /// Makes one change, and returns how to answer it after the commit.
  private func attempt(_ write: Write, _ database: Database) throws -> @Sendable () -> Void {
    var answer: (@Sendable () -> Void)?
    do {
      try database.inSavepoint {
        answer = try write.run(database)
        return .commit
      }
    } catch {
      // A full disk or a read error ends the whole transaction; then nothing in it was done.
      guard database.isInsideTransaction else { throw error }
      return { write.fail(error) }
    }
    return answer ?? {}
  }
}
