import Foundation
import KeystoneKit
import Testing

@testable import KeystonePluginHost

/// What comes from a plugin's process is checked before it is believed.
@Suite struct IsolatedFrameTests {
  /// What a reader makes of `bytes`, written to a socket at once.
  private func frames(_ bytes: [UInt8]) throws -> [Frame] {
    let (ours, theirs) = try Descriptor.socketPair()
    #expect(write(theirs.number, bytes, bytes.count) == bytes.count)
    shutdown(theirs.number, Int32(SHUT_WR))
    var buffer = FrameBuffer()
    var frames: [Frame] = []
    while buffer.fill(from: ours) {
      while let frame = try buffer.next() { frames.append(frame) }
    }
    return frames
  }

  private func frame(_ type: UInt8, _ rest: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(rest.count + 1).littleEndian) { Array($0) } + [type] + rest
  }

  @Test func framesAreReadInOrder() throws {
    let credit = frame(3, [5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    let reply = frame(5, [6, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0] + Array("{}".utf8))
    #expect(
      try frames(credit + reply + reply.dropLast()) == [
        .credit(id: 5, channel: 1, bytes: 256), .reply(id: 6, status: 4, body: Array("{}".utf8)),
      ])
  }

  @Test func frameLargerThanTheBufferIsReadWhole() throws {
    let head: [UInt8] = [6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    let bytes = [UInt8](repeating: 7, count: 150_000)
    let small = frame(4, [6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    #expect(
      try frames(frame(2, head + bytes) + small) == [
        .send(id: 6, channel: 1, flags: 0, frame: bytes), .cancel(id: 6, reason: 1),
      ])
  }

  @Test(
    arguments: [
      [0, 0, 0, 0, 5], [255, 255, 255, 255, 5], [1, 0, 0, 0, 0], [1, 0, 0, 0, 9], [5, 0, 0, 0, 5, 0, 0, 0, 0],
    ] as [[UInt8]])
  func whatIsNoFrameIsAnError(bytes: [UInt8]) {
    #expect(throws: FrameError.self) { try frames(bytes) }
  }

  @Test(arguments: [0, 3, 200]) func methodThatIsCutOffOrTooLongIsAnError(claimed: UInt8) {
    let head: [UInt8] =
      [1, 0, 0, 0, 0, 0, 0, 128] + [UInt8](repeating: 255, count: 8) + [UInt8](repeating: 0, count: 8)
    let text: [UInt8] = claimed == 200 ? [UInt8](repeating: 97, count: 200) : [97]
    #expect(throws: FrameError.self) { try frames(frame(1, head + [claimed, 0] + text)) }
  }

  @Test func callWithAnIdOfTheHostIsAnError() {
    let head: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 16) + [1, 0]
    #expect(throws: FrameError.self) { try frames(frame(1, head + [97])) }
  }
}
