import Glibc
import NIOCore

/// One end of a relay, which reads as fast as the other end can write.
final class RelayEnd: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Forgotten when the channel is gone, so that the two do not keep each other alive.
  private var relay: Relay?
  private let side: Relay.Side
  private var context: ChannelHandlerContext?
  private var isReading = false
  private var hasEnded = false

  /// An end of `relay`, for a channel that does not read by itself.
  init(_ relay: Relay, _ side: Relay.Side) {
    self.relay = relay
    self.side = side
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    relay?.gone(side)
    relay = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    relay?.begin()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    relay?.received(unwrapInboundIn(data), from: side)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    relay?.pause(after: side)
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { relay?.resume(side.other) }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    relay?.closed(side)
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent { relay?.ended(side) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { relay?.closed(side, resetting: true) }

  // MARK: For the relay

  var isActive: Bool { context?.channel.isActive ?? false }

  var isWritable: Bool { context?.channel.isWritable ?? false }

  /// Asks for more bytes, once at a time.
  func read() {
    guard !isReading, let context else { return }
    isReading = true
    context.read()
  }

  func write(_ bytes: ByteBuffer) { context?.write(wrapOutboundOut(bytes), promise: nil) }

  func flush() { context?.flush() }

  /// Says that nothing more will be written.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    context?.close(mode: .output, promise: nil)
  }

  /// Closes when everything is written.
  func closeAfterWriting() {
    guard let context else { return }
    guard !hasEnded else { return context.close(promise: nil) }
    hasEnded = true
    let written = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    context.close(mode: .output, promise: written)
  }

  /// Closes at once.
  func close(resetting: Bool) {
    guard let context else { return }
    if resetting { Reset.prepare(context.channel) }
    context.close(promise: nil)
  }
}

/// Closing a connection so that its other side learns that something is wrong.
enum Reset {
  /// Makes the close that follows a reset.
  static func prepare(_ channel: any Channel) {
    guard let options = channel as? any SocketOptionProvider else { return }
    _ = options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
  }
}
