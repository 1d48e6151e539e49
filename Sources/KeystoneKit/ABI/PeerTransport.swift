/// The way to the other side of the boundary: its five functions, wherever it lives.
///
/// None of the functions blocks and none is called while a lock is held. Frames respect the credit given.
package protocol PeerTransport: Sendable {
  /// Begins call `id`; see `keystone_plugin.h` for the five functions.
  func call(_ id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64)
  /// Sends a frame on a channel of a call.
  func send(_ id: UInt64, channel: UInt32, frame: [UInt8], flags: UInt32)
  /// Grants credit on a channel of a call.
  func credit(_ id: UInt64, channel: UInt32, bytes: UInt64)
  /// Wishes that a call ends.
  func cancel(_ id: UInt64, reason: UInt32)
  /// Ends a call.
  func reply(_ id: UInt64, status: UInt32, body: [UInt8])
}

/// The limits and numbers of `keystone_plugin.h`.
package enum Boundary {
  package static let version: UInt32 = 1
  package static let maximumFrame = 1 << 20
  package static let maximumBody = 16 << 20
  package static let maximumMethod = 128
  package static let endFlag: UInt32 = 1
  package static let cancelledByCaller: UInt32 = 0
  package static let cancelledByDeadline: UInt32 = 1
  package static let cancelledByShutdown: UInt32 = 2
  /// What a receiver lets be under way on one channel.
  package static let window = 256 << 10
}
