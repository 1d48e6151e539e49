import Glibc
import KeystoneKit

/// The way to a plugin in another process: the five functions as frames on a socket.
///
/// A frame is written at once when the socket takes it; what is left waits for a thread, so that nothing here
/// blocks.
final class SocketTransport: PeerTransport {
  private struct Queue {
    var blocks: [[UInt8]] = []
    var waiting = 0
    var hasWriter = false
    var isClosed = false
  }

  /// Bytes that may wait for a child that does not read; bodies are not held back by credit.
  private static let limit = 256 << 20

  private let socket: Descriptor
  private let onOverflow: @Sendable () -> Void
  private let queue = Locked(Queue())
  private let wake = Semaphore()

  /// A transport on `socket`; `onOverflow` is called when the child does not read and too much waits for it.
  init(_ socket: Descriptor, onOverflow: @escaping @Sendable () -> Void) {
    self.socket = socket
    self.onOverflow = onOverflow
  }

  func call(_ id: UInt64, method: String, body: [UInt8], budgetMilliseconds: Int64, parent: UInt64) {
    let size = method.utf8.count
    var head = FrameHead(FrameLayout.call, size: FrameLayout.callHead, tail: size + body.count)
    head.append(id)
    head.append(budgetMilliseconds)
    head.append(parent)
    head.append(UInt16(size))
    head.append(text: method)
    put(head, body)
  }

  func send(_ id: UInt64, channel: UInt32, frame: [UInt8], flags: UInt32) {
    var head = FrameHead(FrameLayout.send, size: FrameLayout.sendHead, tail: frame.count)
    head.append(id)
    head.append(channel)
    head.append(flags)
    put(head, frame)
  }

  func credit(_ id: UInt64, channel: UInt32, bytes: UInt64) {
    var head = FrameHead(FrameLayout.credit, size: FrameLayout.creditSize)
    head.append(id)
    head.append(channel)
    head.append(bytes)
    put(head)
  }

  func cancel(_ id: UInt64, reason: UInt32) {
    var head = FrameHead(FrameLayout.cancel, size: FrameLayout.cancelSize)
    head.append(id)
    head.append(reason)
    put(head)
  }

  func reply(_ id: UInt64, status: UInt32, body: [UInt8]) {
    var head = FrameHead(FrameLayout.reply, size: FrameLayout.replyHead, tail: body.count)
    head.append(id)
    head.append(status)
    put(head, body)
  }

  /// Ends both directions: the child reads the end of the stream, and what waits is dropped.
  func close() {
    queue.withLock { queue in
      queue.isClosed = true
      queue.blocks = []
    }
    shutdown(socket.number, Int32(SHUT_RDWR))
    wake.signal()
  }

  // MARK: The queue

  private enum Effect { case none, startWriter, wakeWriter, overflow }

  private func put(_ head: FrameHead, _ tail: [UInt8] = []) {
    let effect = queue.withLock { queue -> Effect in
      guard !queue.isClosed else { return .none }
      let size = head.bytes.count + tail.count
      let done = queue.blocks.isEmpty ? writeNow(head.bytes, tail) : 0
      guard done < size else { return .none }
      guard queue.waiting + size - done <= Self.limit else { return .overflow }
      queue.waiting += size - done
      queue.blocks.append(Self.rest(of: head.bytes, tail, after: done))
      defer { queue.hasWriter = true }
      return queue.hasWriter ? .wakeWriter : .startWriter
    }
    switch effect {
    case .none: break
    case .startWriter: startThread { [self] in writeQueue() }
    case .wakeWriter: wake.signal()
    case .overflow: onOverflow()
    }
  }

  /// How much the socket took without waiting; a child that is gone is noticed by whoever watches it.
  private func writeNow(_ head: [UInt8], _ tail: [UInt8]) -> Int {
    head.withUnsafeBytes { head in
      tail.withUnsafeBytes { tail in
        var parts = (
          iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count),
          iovec(iov_base: UnsafeMutableRawPointer(mutating: tail.baseAddress), iov_len: tail.count)
        )
        return withUnsafeMutableBytes(of: &parts) { parts in
          var message = msghdr()
          message.msg_iov = parts.baseAddress?.assumingMemoryBound(to: iovec.self)
          message.msg_iovlen = tail.isEmpty ? 1 : 2
          while true {
            let count = sendmsg(socket.number, &message, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if count < 0 && errno == EINTR { continue }
            return max(0, count)
          }
        }
      }
    }
  }

  private static func rest(of head: [UInt8], _ tail: [UInt8], after done: Int) -> [UInt8] {
    if done >= head.count { return done == head.count ? tail : Array(tail[(done - head.count)...]) }
    return head[done...] + tail
  }

  /// The first block stays in the queue while it is written, so that nobody writes past it.
  private func writeQueue() {
    while true {
      let (first, isClosed) = queue.withLock { ($0.blocks.first, $0.isClosed) }
      if isClosed { return }
      guard let first else {
        wake.wait()
        continue
      }
      guard write(first) else { return close() }
      queue.withLock { queue in
        guard !queue.isClosed else { return }
        queue.blocks.removeFirst()
        queue.waiting -= first.count
      }
    }
  }

  private func write(_ block: [UInt8]) -> Bool {
    block.withUnsafeBytes { block in
      var done = 0
      while done < block.count {
        let part = UnsafeRawBufferPointer(rebasing: block[done...])
        let count = Glibc.send(socket.number, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }
}
