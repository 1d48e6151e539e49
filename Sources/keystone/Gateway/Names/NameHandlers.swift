import NIOCore

/// Answers questions that come as datagrams.
final class NameDatagrams: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>
  typealias OutboundOut = AddressedEnvelope<ByteBuffer>

  private let server: NameServer

  init(_ server: NameServer) { self.server = server }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let question = unwrapInboundIn(data)
    guard let answer = server.answer(Array(question.data.readableBytesView)) else { return }
    let envelope = AddressedEnvelope(remoteAddress: question.remoteAddress, data: ByteBuffer(bytes: answer))
    context.write(wrapOutboundOut(envelope), promise: nil)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
    context.fireChannelReadComplete()
  }

  // An answer that cannot be delivered is the asker's loss.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// Answers questions that come over a connection, each with its length before it (RFC 1035, section 4.2.2).
final class NameStream: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let server: NameServer
  private var held = ByteBuffer()

  init(_ server: NameServer) { self.server = server }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    held.writeBuffer(&bytes)
    while let length = held.getInteger(at: held.readerIndex, as: UInt16.self),
      held.readableBytes >= Int(length) + 2
    {
      held.moveReaderIndex(forwardBy: 2)
      guard let question = held.readBytes(length: Int(length)), let answer = server.answer(question) else {
        return context.close(promise: nil)
      }
      var reply = ByteBuffer()
      reply.writeInteger(UInt16(answer.count))
      reply.writeBytes(answer)
      context.write(wrapOutboundOut(reply), promise: nil)
    }
    held.discardReadBytes()
    context.flush()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
