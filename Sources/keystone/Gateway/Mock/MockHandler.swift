import KeystoneKit
import KeystoneSandbox
import KeystoneSpec
import NIOCore
import NIOHTTP1

/// Serves one connection to a mock.
final class MockHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let gateway: OpenGateway
  private let mock: HTTPMock
  private let subject: Subject
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()
  private var omitted = 0

  init(_ gateway: OpenGateway, _ mock: HTTPMock, for subject: Subject) {
    self.gateway = gateway
    self.mock = mock
    self.subject = subject
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = ByteBuffer()
      omitted = 0
      if head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
        context.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
      }
    case .body(var piece):
      let room = HTTPMock.largestBody - body.readableBytes
      omitted += max(0, piece.readableBytes - room)
      if var kept = piece.readSlice(length: min(room, piece.readableBytes)) { body.writeBuffer(&kept) }
    case .end:
      guard let head else { return }
      self.head = nil
      serve(head, context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func serve(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let traffic = gateway.traffic(to: subject)
    var call: HTTPCall
    do throws(Denial) {
      call = try subject.call(for: HTTPHead(head))
    } catch {
      gateway.record("http_call", (error.call ?? HTTPCall(subject)).data(denied: error.reason), traffic)
      return refuse(error, head, context)
    }
    let answer = mock.answer(request(head), phase: traffic.phase, at: UTCClock.now())
    call.status = answer.fault == nil ? answer.status : nil
    gateway.record("http_call", call.data(), traffic)
    guard let delay = answer.delay else { return give(answer, head, context) }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .nanoseconds(delay.wholeMilliseconds * 1_000_000)) {
      let (handler, context) = bound.value
      if context.channel.isActive { handler.give(answer, head, context) }
    }
  }

  private func request(_ head: HTTPRequestHead) -> MockRequest {
    var headers: [String: String] = [:]
    for (name, value) in head.headers {
      headers[name.lowercased(), default: ""] += headers[name.lowercased()] == nil ? value : ", \(value)"
    }
    let path = HTTPHead(head).line[1]
    return MockRequest(
      method: head.method.rawValue, scheme: subject.scheme, host: subject.host.text, port: subject.port,
      target: path.hasPrefix("/") ? path : Self.path(ofURL: path), headers: headers,
      body: Array(body.readableBytesView), omittedBytes: omitted)
  }

  private static func path(ofURL text: String) -> String {
    guard let scheme = text.firstRange(of: "://") else { return text }
    let path = String(text[scheme.upperBound...].drop { $0 != "/" && $0 != "?" })
    return path.hasPrefix("/") ? path : "/\(path)"
  }

  private func give(_ answer: MockAnswer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    switch answer.fault {
    case nil: write(answer, head, context)
    // The client's own timeout, or the end of the sandbox, ends this.
    case .timeout: break
    case .reset:
      Reset.prepare(context.channel)
      context.close(promise: nil)
    case .malformed:
      let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
      let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
      (encoder ?? context).writeAndFlush(NIOAny(ByteBuffer(string: "HTTP/1.1 banana\r\n\u{0}\r\n")))
        .assumeIsolated().whenComplete { _ in bound.value.close(promise: nil) }
    }
  }

  private func write(_ answer: MockAnswer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
    headers.replaceOrAdd(name: "content-length", value: String(answer.body.count))
    if !head.isKeepAlive { headers.replaceOrAdd(name: "connection", value: "close") }
    let response = HTTPResponseHead(
      version: head.version, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
    context.write(wrapOutboundOut(.head(response)), promise: nil)
    if head.method != .HEAD, !answer.body.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
    }
    let done = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    let closes = !head.isKeepAlive
    done.futureResult.whenComplete { _ in if closes { bound.value.close(promise: nil) } }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
  }

  private func refuse(_ denial: Denial, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var status = 403
    if case .http(let code) = denial.language { status = code }
    var head = head
    head.headers.replaceOrAdd(name: "connection", value: "close")
    write(
      MockAnswer(
        status: status, headers: [("content-type", "text/plain; charset=utf-8")],
        body: Array("keystone: \(denial.reason)\n".utf8)), head, context)
  }
}

extension HTTPHead {
  /// The head of a request that NIO has read.
  fileprivate init(_ head: HTTPRequestHead) {
    line = [head.method.rawValue, head.uri, "HTTP/\(head.version.major).\(head.version.minor)"]
    fields = head.headers.map { ($0.name.lowercased(), $0.value) }
  }
}
