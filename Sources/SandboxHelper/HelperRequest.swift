import KeystoneKit

/// One request to a sandbox's first process, and where its answers go.
package final class HelperRequest: Sendable {
  let id: UInt32
  /// Started, exit, closed, done, failed and entries.
  package let control = Mailbox<HelperFrame>()
  /// Bytes of stdout, or of a file.
  let output = Mailbox<[UInt8]>()
  /// Bytes of stderr.
  let errorOutput = Mailbox<[UInt8]>()
  /// Bytes that may be sent; it ends when nobody reads them any more.
  let window = Mailbox<Int>()

  init(id: UInt32) { self.id = id }

  /// Sorts a message in.
  func receive(_ frame: HelperFrame) {
    switch frame.reply {
    case .stdout, .data: output.put(frame.payload)
    case .stderr: errorOutput.put(frame.payload)
    case .window:
      var reader = PayloadReader(frame.payload)
      window.put(Int(reader.uint32()))
    case .deaf: window.finish()
    case .ready, .started, .exit, .entries: control.put(frame)
    case .closed, .failed, .done:
      control.put(frame)
      finish(nil)
    }
  }

  func finish(_ error: PluginError?) {
    control.finish(error)
    output.finish(error)
    errorOutput.finish(error)
    window.finish()
  }
}
