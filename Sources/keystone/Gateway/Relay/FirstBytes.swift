import NIOCore

/// Waits for the first bytes of a connection and tells whether they begin TLS, and with which server name.
final class FirstBytes: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// What a connection begins with.
  enum Finding {
    case tls(serverName: String?)
    case plain
    /// Nothing came for a while: the client waits for the server to begin.
    case silence
    case malformed
  }

  private var held = ByteBuffer()
  private var decide: ((Finding) -> Void)?
  private var patience: Scheduled<Void>?
  private let limit: TimeAmount?

  /// Waits for bytes, at most for `limit`; `decide` is called once, and changes the pipeline behind this handler.
  init(limit: TimeAmount? = nil, _ decide: @escaping (Finding) -> Void) {
    self.limit = limit
    self.decide = decide
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if let limit {
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      patience = context.eventLoop.scheduleTask(in: limit) { bound.value.0.found(.silence, bound.value.1) }
    }
    if context.channel.isActive { context.read() }
  }

  func channelActive(context: ChannelHandlerContext) {
    context.read()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    held.writeBuffer(&bytes)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard let first = held.readableBytesView.first else { return context.read() }
    guard ClientHello.begins(with: first) else { return found(.plain, context) }
    switch ClientHello(Array(held.readableBytesView)) {
    case .incomplete: context.read()
    case .malformed: found(.malformed, context)
    case .complete(let name): found(.tls(serverName: name), context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    patience?.cancel()
    decide = nil
    context.fireChannelInactive()
  }

  private func found(_ finding: Finding, _ context: ChannelHandlerContext) {
    guard let decide else { return }
    self.decide = nil
    patience?.cancel()
    decide(finding)
  }

  /// Hands on what was held, to the handlers that have taken their places, and goes away.
  func release(_ context: ChannelHandlerContext) {
    if held.readableBytes > 0 {
      context.fireChannelRead(wrapInboundOut(held))
      context.fireChannelReadComplete()
      held = ByteBuffer()
    }
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }
}
