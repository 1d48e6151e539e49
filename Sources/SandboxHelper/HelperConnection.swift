import Glibc
package import KeystoneKit

/// The socket to a sandbox's first process: requests go out, answers are sorted by request.
package final class HelperConnection: Sendable {
  private struct State {
    var descriptor: Int32
    var requests: [UInt32: HelperRequest] = [:]
    var lastID: UInt32 = 0
    var incoming: [UInt8] = []
    var outgoing: [UInt8] = []
    var sent = 0
  }

  private let state: Locked<State>
  /// Carries the first message, which belongs to no request.
  package let greeting = HelperRequest(id: 0)

  /// Takes over `descriptor`.
  package init(descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    state = Locked(State(descriptor: descriptor, requests: [0: greeting]))
    DescriptorPoller.shared.watch(descriptor) { [weak self] readiness in
      guard let self else { return }
      if readiness.contains(.writing) { flush() }
      if readiness.contains(.reading) { receive() }
    }
  }

  deinit { close() }

  /// Begins a request.
  package func begin(_ type: HelperProtocol.Request, _ payload: [UInt8]) throws(PluginError) -> HelperRequest {
    guard payload.count <= HelperProtocol.maximumPayload else {
      throw PluginError(
        .exhausted, "a request of \(payload.count) bytes is too large for the sandbox; shorten arguments and variables")
    }
    let request: HelperRequest? = state.withLock { state in
      guard state.descriptor >= 0 else { return nil }
      repeat { state.lastID = state.lastID == .max ? 1 : state.lastID + 1 } while state.requests[state.lastID] != nil
      let request = HelperRequest(id: state.lastID)
      state.requests[request.id] = request
      return request
    }
    guard let request else { throw Self.gone }
    send(type, request.id, payload)
    return request
  }

  /// Sends a message about request `id`; nothing when the connection is closed.
  package func send(_ type: HelperProtocol.Request, _ id: UInt32, _ payload: [UInt8] = []) {
    var frame = PayloadWriter()
    frame.add(UInt32(payload.count))
    frame.add(type.rawValue)
    frame.add(id)
    frame.addRaw(payload)
    state.withLock { state in
      if state.descriptor >= 0 { state.outgoing += frame.bytes }
    }
    flush()
  }

  /// Grants credit for stream 0 (files), 1 (stdout) or 2 (stderr).
  package func grant(_ bytes: Int, stream: UInt8, of id: UInt32) {
    var payload = PayloadWriter()
    payload.add(stream)
    payload.add(UInt64(bytes))
    send(.credit, id, payload.bytes)
  }

  /// Closes the socket, which ends the first process and everything in the sandbox.
  package func close() {
    let requests = state.withLock { state in
      guard state.descriptor >= 0 else { return [HelperRequest]() }
      DescriptorPoller.shared.forget(state.descriptor)
      _ = Glibc.close(state.descriptor)
      state.descriptor = -1
      state.outgoing = []
      state.incoming = []
      defer { state.requests = [:] }
      return Array(state.requests.values)
    }
    for request in requests { request.finish(Self.gone) }
  }

  private static let gone = PluginError(
    .unavailable, "the sandbox has ended: its first process is gone; run the scenario again", retryable: true)

  private func flush() {
    state.withLock { state in
      while state.sent < state.outgoing.count && state.descriptor >= 0 {
        let count = state.outgoing.withUnsafeBytes { bytes in
          Glibc.send(
            state.descriptor, bytes.baseAddress?.advanced(by: state.sent), bytes.count - state.sent,
            Int32(MSG_NOSIGNAL))
        }
        if count < 0 && errno == EINTR { continue }
        if count < 0 { break }
        state.sent += count
      }
      let isEmpty = state.sent == state.outgoing.count
      if isEmpty {
        state.outgoing.removeAll(keepingCapacity: state.outgoing.count < 4096)
        state.sent = 0
      }
      if state.descriptor >= 0 { DescriptorPoller.shared.wantsWriting(state.descriptor, !isEmpty) }
    }
  }

  /// Reads what is there; called on the poller's thread only.
  private func receive() {
    let isOver = withUnsafeTemporaryAllocation(byteCount: 128 << 10, alignment: 8) { buffer in
      state.withLock { state in
        guard state.descriptor >= 0 else { return false }
        let count = recv(state.descriptor, buffer.baseAddress, buffer.count, 0)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return false }
        guard count > 0 else { return true }
        state.incoming += UnsafeRawBufferPointer(rebasing: buffer[0..<count])
        return false
      }
    }
    let isMalformed = deliver()
    if isOver || isMalformed { close() }
  }

  /// Hands out complete messages; true when something arrived that is none.
  private func deliver() -> Bool {
    let (frames, isMalformed) = state.withLock { state in Self.split(&state) }
    for (request, frame) in frames { request.receive(frame) }
    return isMalformed
  }

  private static func split(_ state: inout State) -> ([(HelperRequest, HelperFrame)], Bool) {
    var frames: [(HelperRequest, HelperFrame)] = []
    var position = 0
    let header = HelperProtocol.headerSize
    while state.incoming.count - position >= header {
      var reader = PayloadReader(Array(state.incoming[position..<position + header]))
      let size = Int(reader.uint32())
      let type = HelperProtocol.Reply(rawValue: reader.byte())
      let id = reader.uint32()
      guard let type, size <= HelperProtocol.maximumPayload else { return (frames, true) }
      guard state.incoming.count - position - header >= size else { break }
      let start = position + header
      position = start + size
      guard let request = state.requests[id] else { continue }
      frames.append((request, HelperFrame(reply: type, payload: Array(state.incoming[start..<position]))))
      if type == .closed || type == .failed || type == .done { state.requests[id] = nil }
    }
    state.incoming.removeFirst(position)
    return (frames, false)
  }
}
