package import CKeystonePlugin

/// The other side's table of functions, in the same process.
package struct PeerTable: PeerTransport {
  /// Valid and unchanged for the life of the process, as `keystone_plugin.h` demands of whoever made it.
  private nonisolated(unsafe) let table: UnsafePointer<ks_peer>

  /// The table at `table`, or `nil` when it is of another version or lacks one of the five functions.
  package init?(_ table: UnsafePointer<ks_peer>) {
    guard table.pointee.version == Boundary.version, Int(table.pointee.size) >= MemoryLayout<ks_peer>.size,
      table.pointee.call != nil, table.pointee.send != nil, table.pointee.credit != nil, table.pointee.cancel != nil,
      table.pointee.reply != nil
    else { return nil }
    self.table = table
  }

  package func call(_ id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64) {
    var method = method
    method.withUTF8 { method in
      body.withUnsafeBufferPointer { body in
        table.pointee.call(table.pointee.`self`, id, ks_bytes(method), ks_bytes(body), budgetMilliseconds, parent)
      }
    }
  }

  package func send(_ id: UInt64, channel: UInt32, frame: [UInt8], flags: UInt32) {
    frame.withUnsafeBufferPointer { table.pointee.send(table.pointee.`self`, id, channel, ks_bytes($0), flags) }
  }

  package func credit(_ id: UInt64, channel: UInt32, bytes: UInt64) {
    table.pointee.credit(table.pointee.`self`, id, channel, bytes)
  }

  package func cancel(_ id: UInt64, reason: UInt32) { table.pointee.cancel(table.pointee.`self`, id, reason) }

  package func reply(_ id: UInt64, status: UInt32, body: [UInt8]) {
    body.withUnsafeBufferPointer { table.pointee.reply(table.pointee.`self`, id, status, ks_bytes($0)) }
  }
}

extension ks_bytes {
  fileprivate init(_ buffer: UnsafeBufferPointer<UInt8>) {
    self.init(data: buffer.baseAddress, size: buffer.count)
  }

  /// A copy of the borrowed bytes.
  package var copy: [UInt8] { Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : size)) }
}

/// What a table's functions act on; the session is set before any of them can be called.
package final class PeerTableOwner: Sendable {
  private let receiver: @Sendable () -> PeerSession?

  /// A table's owner that finds the session through `receiver`.
  package init(_ receiver: @escaping @Sendable () -> PeerSession?) { self.receiver = receiver }

  /// This side's table, allocated for the life of the process because the other side may use it that long.
  package func makeTable() -> UnsafePointer<ks_peer> {
    let table = UnsafeMutablePointer<ks_peer>.allocate(capacity: 1)
    table.initialize(
      to: ks_peer(
        size: UInt32(MemoryLayout<ks_peer>.size), version: Boundary.version,
        self: Unmanaged.passRetained(self).toOpaque(),
        call: { owner, id, method, body, budget, parent in
          PeerTableOwner.session(owner)?.receivedCall(
            id, method: String(decoding: method.copy, as: UTF8.self), body: body.copy, budgetMilliseconds: budget,
            parent: parent)
        },
        send: { owner, id, channel, frame, flags in
          PeerTableOwner.session(owner)?.receivedSend(id, channel: channel, frame: frame.copy, flags: flags)
        },
        credit: { owner, id, channel, bytes in
          PeerTableOwner.session(owner)?.receivedCredit(id, channel: channel, bytes: bytes)
        },
        cancel: { owner, id, reason in PeerTableOwner.session(owner)?.receivedCancel(id, reason: reason) },
        reply: { owner, id, status, body in
          PeerTableOwner.session(owner)?.receivedReply(id, status: status, body: body.copy)
        }))
    return UnsafePointer(table)
  }

  private static func session(_ owner: UnsafeMutableRawPointer?) -> PeerSession? {
    guard let owner else { return nil }
    return Unmanaged<PeerTableOwner>.fromOpaque(owner).takeUnretainedValue().receiver()
  }
}
