import KeystoneKit
import NIOCore

/// Finds out what is spoken with a service that runs from an image, and reads it where the gateway knows the language.
struct ServiceInspector {
  private enum Language {
    case undecided([UInt8])
    case database(any DatabaseInspector)
    /// HTTP, TLS or bytes, which the inspector of all other traffic reads.
    case other
  }

  let service: String
  private var current = Language.undecided([])

  init(service: String) { self.service = service }

  /// The database that is spoken with; `nil` when it is none, or not known yet.
  var language: String? {
    if case .database(let inspector) = current { return inspector.language }
    return nil
  }

  /// What becomes of bytes of the client.
  enum Verdict {
    /// Goes on to the server; `reply` goes back to the client.
    case forward([UInt8], reply: [UInt8])
    /// Is for the inspector of all other traffic.
    case other(ByteBuffer)
  }

  /// Takes bytes of the client.
  mutating func client(_ bytes: ByteBuffer) throws(Denial) -> Verdict {
    switch current {
    case .other: return .other(bytes)
    case .database(var inspector):
      // So that what the inspector keeps has one owner and is not copied with every piece that arrives.
      current = .other
      let (forward, reply) = try inspector.client(Array(bytes.readableBytesView))
      current = .database(inspector)
      return .forward(forward, reply: reply)
    case .undecided(let held):
      let all = held + Array(bytes.readableBytesView)
      current = Self.language(of: all)
      switch current {
      case .undecided: return .forward([], reply: [])
      case .database: return try client(ByteBuffer(bytes: all))
      case .other: return .other(ByteBuffer(bytes: all))
      }
    }
  }

  /// What the client asked for since this was called last.
  mutating func takeEvents() -> [DatabaseEvent] {
    guard case .database(var inspector) = current else { return [] }
    defer { current = .database(inspector) }
    return inspector.takeEvents().map { event in
      var event = event
      event.data["service"] = .string(service)
      return event
    }
  }

  private static func language(of bytes: [UInt8]) -> Language {
    let (postgres, redis) = (PostgresInspector.recognizes(bytes), RedisInspector.recognizes(bytes))
    if postgres == true { return .database(PostgresInspector()) }
    if redis == true { return .database(RedisInspector()) }
    return postgres == nil || redis == nil ? .undecided(bytes) : .other
  }
}
